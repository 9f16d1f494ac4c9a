import { AppsV1Api, KubernetesObjectApi, type KubernetesObject } from '@kubernetes/client-node';
import {
  createWorkspace,
  dropSecret,
  listJupyterLabs,
  openToolkit,
  tryWorkspace,
  workspaceObjects,
  workspaceRoleFor
} from '../../../src/toolkit';
import {
  administrator,
  asServiceAccount,
  clients,
  describeAt,
  makeClaim,
  makeNamespace,
  refusalOf,
  removeNamespace,
  until
} from './support';

const VISION = { name: 'vision', size: '8Mi', image: 'lab:1' };
const NAME = 'ntap-dsutil-jupyterlab-vision';
const entrance = { password: 'open sesame' };
const now = { wait: false };
const { core } = clients(administrator());
const apps = () => administrator().makeApiClient(AppsV1Api);

describeAt('api', 'create jupyterlab', () => {
  let namespace = '';
  const open = (config = administrator()) => openToolkit({ namespace, config }, 'jupyterlab');
  const thereIs = async () => {
    const found = [
      ['Deployment', (await apps().listNamespacedDeployment({ namespace })).items],
      ['Service', (await core.listNamespacedService({ namespace })).items],
      ['claim', (await core.listNamespacedPersistentVolumeClaim({ namespace })).items],
      ['Secret', (await core.listNamespacedSecret({ namespace })).items]
    ] as const;
    return found.flatMap(([kind, items]) => items.map(({ metadata }) => `${kind} ${metadata?.name}`));
  };
  beforeEach(async () => {
    namespace = await makeNamespace('jupyterlab');
  });
  afterEach(() => removeNamespace(namespace));

  it('makes a workspace once, however often it is asked for', async () => {
    const first = await createWorkspace(await open(), VISION, entrance, now);
    expect(first).toMatchObject({ made: true, workspace: { name: 'vision', ready: false, claim: NAME, made_by: 'veilbook' } });
    expect(await createWorkspace(await open(), VISION, entrance, now)).toMatchObject({ made: false });
    expect(await thereIs()).toEqual([`Deployment ${NAME}`, `Service ${NAME}`, `claim ${NAME}`, `Secret ${NAME}`]);
    await expect(createWorkspace(await open(), { ...VISION, size: '9Mi' }, entrance, now)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/taken by Deployment .* Nothing was made/)
    });
    expect((await listJupyterLabs(await open())).map(({ name }) => name)).toEqual(['vision']);
  });

  it('is taken whole by the API server, and its pod by the strictest pod security', async () => {
    await core.patchNamespace({
      name: namespace,
      body: [{ op: 'add', path: '/metadata/labels/pod-security.kubernetes.io~1enforce', value: 'restricted' }]
    });
    await tryWorkspace(await open(), VISION);
    const { deployment } = workspaceObjects({ ...VISION, gpus: '1', mounts: [{ claim: 'data', path: '/data' }] });
    const strict = { namespace, dryRun: 'All', fieldValidation: 'Strict' };
    expect(await refusalOf(() => apps().createNamespacedDeployment({ ...strict, body: deployment }))).toBe(0);
    expect(await thereIs()).toEqual([]);
  });

  it('refuses the name of a Triton server of the toolkit’s, whose label is the workspace’s', async () => {
    const labels = { app: NAME, 'entity-type': 'triton_server' };
    const containers = [{ name: 'triton-server', image: 'triton:1' }];
    const spec = { selector: { matchLabels: { app: NAME } }, template: { metadata: { labels }, spec: { containers } } };
    const metadata = { name: 'ntap-dsutil-triton-vision', labels };
    await apps().createNamespacedDeployment({ namespace, body: { metadata, spec } });
    await expect(createWorkspace(await open(), VISION, entrance, now)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/taken by ntap-dsutil-triton-vision\. Nothing was made/)
    });
  });

  it('takes back what it made where a part cannot be made, and makes nothing of a claim that is not there', async () => {
    const cluster = await open();
    const mounts = [{ claim: 'elsewhere', path: '/data' }];
    await expect(createWorkspace(cluster, { ...VISION, mounts }, entrance, now)).rejects.toMatchObject({ code: 'not_found' });
    const create = cluster.create.bind(cluster);
    jest.spyOn(cluster, 'create').mockImplementation((kind, object, dryRun) => {
      return kind === 'Deployment' && !dryRun ? Promise.reject(new Error('away')) : create(kind, object, dryRun);
    });
    await expect(createWorkspace(cluster, VISION, entrance, now)).rejects.toMatchObject({ message: 'away Nothing was made.' });
    await until('nothing is left', async () => (await thereIs()).length === 0);
    await expect(createWorkspace(cluster, VISION, { password: 'short' }, now)).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('takes the place of a Secret that a workspace left behind, but not of one that another has its password from', async () => {
    const cluster = await open();
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: NAME }, stringData: { old: 'old' } } });
    await createWorkspace(cluster, VISION, entrance, now);
    const { data } = await core.readNamespacedSecret({ namespace, name: NAME });
    expect(Object.keys(data ?? {})).toEqual(['jupyter_server_config.json']);
    expect(await dropSecret(cluster, 'vision')).toBe(false);
    await apps().deleteNamespacedDeployment({ namespace, name: NAME });
    await until('it is gone', async () => !(await thereIs()).includes(`Deployment ${NAME}`));
    expect(await dropSecret(cluster, 'vision')).toBe(true);
    expect(await thereIs()).not.toContain(`Secret ${NAME}`);
  });

  it('needs no more rights than veilbook rbac --jupyterlab prints, and names that command without', async () => {
    const config = await asServiceAccount(namespace, 'maker');
    await makeClaim({ namespace, name: 'data' });
    const cluster = await open(config);
    await expect(createWorkspace(cluster, VISION, entrance, now)).rejects.toMatchObject({
      code: 'forbidden',
      line: expect.stringMatching(/veilbook rbac --jupyterlab --namespace \S+ prints the Role/)
    });
    const api = KubernetesObjectApi.makeApiClient(administrator());
    for (const item of workspaceRoleFor({ namespace, serviceAccount: 'maker' }) as KubernetesObject[]) {
      await api.create(item);
    }
    const mounted = { ...VISION, mounts: [{ claim: 'data', path: '/data' }] };
    await until('the Role is in force', () =>
      createWorkspace(cluster, mounted, entrance, now).then(
        ({ workspace }) => workspace.name === 'vision',
        () => false
      )
    );
    expect(await core.readNamespacedSecret({ namespace, name: NAME })).toBeDefined();
  });
});
