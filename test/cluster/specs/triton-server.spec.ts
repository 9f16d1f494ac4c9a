import { AppsV1Api, KubernetesObjectApi, type KubeConfig, type KubernetesObject, type V1Role } from '@kubernetes/client-node';
import {
  createTritonServer,
  deleteTritonServer,
  listTritonServers,
  openToolkit,
  removableTritonServer,
  tritonObjects,
  tritonRoleFor
} from '../../../src/toolkit';
import { veilbookRuns } from './programs';
import {
  administrator,
  asServiceAccount,
  clients,
  describeAt,
  makeClaim,
  makeNamespace,
  removeNamespace,
  until
} from './support';

const FACE = { name: 'face', claim: 'models', image: 'triton:1' };
const NAME = 'ntap-dsutil-triton-face';
const now = { wait: false };
const open = (namespace: string, config: KubeConfig = administrator()) => openToolkit({ namespace, config });
const apps = () => administrator().makeApiClient(AppsV1Api);
const { core } = clients(administrator());

async function thereIs(namespace: string): Promise<string[]> {
  const [services, deployments] = [
    await core.listNamespacedService({ namespace }),
    await apps().listNamespacedDeployment({ namespace })
  ];
  return [
    ...services.items.map(({ metadata }) => `Service ${metadata?.name}`),
    ...deployments.items.map(({ metadata }) => `Deployment ${metadata?.name}`)
  ];
}

/** What the toolkit makes of a server, by its own source (3.1.0). */
async function makeTheirs(namespace: string, server: string): Promise<void> {
  const labels = {
    app: `ntap-dsutil-jupyterlab-${server}`,
    'created-by': 'ntap-dsutil',
    'entity-type': 'triton_server',
    'created-by-operation': 'create-triton-server',
    'triton-server-name': server
  };
  const { service, deployment } = tritonObjects({ ...FACE, name: server });
  const metadata = { name: `ntap-dsutil-triton-${server}`, labels };
  await core.createNamespacedService({ namespace, body: { metadata, spec: { ...service.spec, selector: { app: labels.app } } } });
  const { template } = deployment.spec!;
  await apps().createNamespacedDeployment({
    namespace,
    body: { metadata, spec: { selector: { matchLabels: { app: labels.app } }, template: { ...template, metadata: { labels } } } }
  });
}

async function makeWorkspace(namespace: string, workspace: string): Promise<void> {
  const labels = {
    app: `ntap-dsutil-jupyterlab-${workspace}`,
    'created-by': 'ntap-dsutil',
    'entity-type': 'jupyterlab-workspace',
    'jupyterlab-workspace-name': workspace
  };
  const containers = [{ name: 'jupyterlab', image: 'jupyter:1' }];
  await apps().createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: labels.app, labels },
      spec: { selector: { matchLabels: { app: labels.app } }, template: { metadata: { labels }, spec: { containers } } }
    }
  });
}

const ready = (namespace: string, name: string) =>
  apps().patchNamespacedDeploymentStatus({
    namespace,
    name,
    body: [{ op: 'add', path: '/status', value: { observedGeneration: 1, replicas: 1, readyReplicas: 1, availableReplicas: 1 } }]
  });

describeAt('api', 'a Triton server', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('triton');
    await makeClaim({ namespace, name: 'models' });
  });
  afterEach(async () => {
    await apps().deleteCollectionNamespacedDeployment({ namespace });
    for (const { metadata } of (await core.listNamespacedService({ namespace })).items) {
      await core.deleteNamespacedService({ namespace, name: metadata?.name ?? '' });
    }
    await until('nothing is left', async () => (await thereIs(namespace)).length === 0);
  });
  afterAll(() => removeNamespace(namespace));

  it('is made once, however often it is asked for, is listed, and goes without its models', async () => {
    const cluster = await open(namespace);
    const first = await createTritonServer(cluster, FACE, now);
    expect(first).toMatchObject({
      made: true,
      server: { name: 'face', status: 'not ready', claim: 'models', image: 'triton:1' }
    });
    expect(await createTritonServer(cluster, FACE, now)).toMatchObject({
      made: false,
      server: { created: first.server?.created }
    });
    await ready(namespace, NAME);
    expect(await createTritonServer(cluster, FACE, { seconds: 20 })).toMatchObject({ made: false, server: { status: 'ready' } });
    expect((await listTritonServers(cluster)).map(({ name, made_by }) => [name, made_by])).toEqual([['face', 'veilbook']]);
    await deleteTritonServer(cluster, await removableTritonServer(cluster, 'face'));
    expect(await thereIs(namespace)).toEqual([]);
    await expect(removableTritonServer(cluster, 'face')).rejects.toMatchObject({ code: 'not_found' });
    expect(
      (await core.readNamespacedPersistentVolumeClaim({ namespace, name: 'models' })).metadata?.deletionTimestamp
    ).toBeUndefined();
  });

  it('is taken whole by the API server, and its pod by the strictest pod security', async () => {
    const { service, deployment } = tritonObjects({ ...FACE, gpus: '1', cpu: '1', memory: '1Gi', loadBalancer: true });
    const strict = { namespace, dryRun: 'All', fieldValidation: 'Strict' };
    expect((await core.createNamespacedService({ ...strict, body: service })).spec).toMatchObject({ type: 'LoadBalancer' });
    expect((await apps().createNamespacedDeployment({ ...strict, body: deployment })).spec).toMatchObject(deployment.spec!);
    const restricted = await makeNamespace('triton-restricted');
    try {
      await core.patchNamespace({
        name: restricted,
        body: [{ op: 'add', path: '/metadata/labels/pod-security.kubernetes.io~1enforce', value: 'restricted' }]
      });
      await makeClaim({ namespace: restricted, name: 'models' });
      expect(await createTritonServer(await open(restricted), FACE, { dryRun: true })).toEqual({ server: null, made: true });
      expect(await thereIs(restricted)).toEqual([]);
    } finally {
      await removeNamespace(restricted);
    }
  });

  it('is not made in the place of another, nor beside a workspace of its name', async () => {
    const cluster = await open(namespace);
    await createTritonServer(cluster, FACE, now);
    await expect(createTritonServer(cluster, { ...FACE, gpus: '1' }, now)).rejects.toMatchObject({
      code: 'conflict',
      line: expect.stringMatching(/asked for in other words.*veilbook delete triton-server -s face/)
    });
    await makeTheirs(namespace, 'theirs');
    await expect(createTritonServer(cluster, { ...FACE, name: 'theirs' }, now)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/not made by veilbook/)
    });
    await makeWorkspace(namespace, 'vision');
    await expect(createTritonServer(cluster, { ...FACE, name: 'vision' }, now)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/the name of a workspace.*Nothing was made/)
    });
    expect((await thereIs(namespace)).filter(name => name.includes('triton-vision'))).toEqual([]);
  });

  it('of the toolkit is listed and removed, and its clash with a workspace is told', async () => {
    const cluster = await open(namespace);
    await makeTheirs(namespace, 'vision');
    await makeWorkspace(namespace, 'vision');
    expect(await listTritonServers(cluster)).toMatchObject([
      { name: 'vision', made_by: 'netapp-dataops-toolkit', warning: expect.stringMatching(/Workspace vision has the same label/) }
    ]);
    await deleteTritonServer(cluster, await removableTritonServer(cluster, 'vision'));
    expect(await thereIs(namespace)).toEqual(['Deployment ntap-dsutil-jupyterlab-vision']);
  });

  it('that was left half is made whole, or removed', async () => {
    const cluster = await open(namespace);
    await core.createNamespacedService({ namespace, body: tritonObjects(FACE).service });
    expect(await createTritonServer(cluster, FACE, now)).toMatchObject({ made: true });
    await apps().deleteNamespacedDeployment({ namespace, name: NAME });
    await deleteTritonServer(cluster, await removableTritonServer(cluster, 'face'));
    expect(await thereIs(namespace)).toEqual([]);
  });

  it('is another one where somebody made it anew: that one stays', async () => {
    const cluster = await open(namespace);
    await createTritonServer(cluster, FACE, now);
    const meant = await removableTritonServer(cluster, 'face');
    await deleteTritonServer(cluster, meant);
    await createTritonServer(cluster, FACE, now);
    await deleteTritonServer(cluster, meant);
    expect(await thereIs(namespace)).toHaveLength(2);
  });

  it('is not made of what is not there, or beyond a quota', async () => {
    const cluster = await open(namespace);
    await expect(createTritonServer(cluster, { ...FACE, claim: 'elsewhere' }, now)).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/no claim elsewhere .* Nothing was made/)
    });
    const body = { metadata: { name: 'small' }, spec: { hard: { 'requests.nvidia.com/gpu': '1' } } };
    await core.createNamespacedResourceQuota({ namespace, body });
    try {
      await until('the quota speaks', () =>
        createTritonServer(cluster, { ...FACE, gpus: '2' }, { dryRun: true }).then(
          () => false,
          thrown => {
            expect(thrown).toMatchObject({ code: 'quota_exceeded', message: expect.stringMatching(/exceeded quota: small/) });
            return true;
          }
        )
      );
      await expect(createTritonServer(cluster, { ...FACE, gpus: '2' }, now)).rejects.toMatchObject({ code: 'quota_exceeded' });
      expect(await thereIs(namespace)).toEqual([]);
    } finally {
      await core.deleteNamespacedResourceQuota({ namespace, name: 'small' });
    }
  });

  it('half made is taken back, and only what this call made', async () => {
    const cluster = await open(namespace);
    const create = cluster.create.bind(cluster);
    const failing = jest.spyOn(cluster, 'create').mockImplementation((kind, object, dryRun) => {
      return kind === 'Deployment' && !dryRun ? Promise.reject(new Error('away')) : create(kind, object, dryRun);
    });
    await expect(createTritonServer(cluster, FACE, now)).rejects.toMatchObject({ message: 'away Nothing was made.' });
    expect(await thereIs(namespace)).toEqual([]);
    await core.createNamespacedService({ namespace, body: tritonObjects(FACE).service });
    await expect(createTritonServer(cluster, FACE, now)).rejects.toThrow('away');
    expect(await thereIs(namespace)).toEqual([`Service ${NAME}`]);
    failing.mockRestore();
  });

  it('stopped between its parts is taken back; stopped while it starts, or late, it stays', async () => {
    const cluster = await open(namespace);
    const create = cluster.create.bind(cluster);
    const stop = new AbortController();
    const stopping = jest.spyOn(cluster, 'create').mockImplementation(async (kind, object, dryRun) => {
      const made = await create(kind, object, dryRun);
      stop.abort();
      return made;
    });
    await expect(createTritonServer(cluster, FACE, { signal: stop.signal })).rejects.toMatchObject({
      code: 'cancelled',
      message: 'Stopped. Nothing was made.'
    });
    expect(await thereIs(namespace)).toEqual([]);
    stopping.mockRestore();
    const later = new AbortController();
    const list = cluster.list.bind(cluster);
    const waiting = jest.spyOn(cluster, 'list').mockImplementation((kind, how) => {
      // Pods are looked at once it is there.
      if (kind === 'Pod') {
        later.abort();
      }
      return list(kind, how);
    });
    await expect(createTritonServer(cluster, FACE, { signal: later.signal })).rejects.toMatchObject({
      code: 'cancelled',
      line: expect.stringMatching(/^Stopped waiting for Triton server face\. It stays: veilbook list triton-servers/)
    });
    waiting.mockRestore();
    await expect(createTritonServer(cluster, FACE, { seconds: 1 })).rejects.toMatchObject({
      code: 'timed_out',
      line: expect.stringMatching(/not ready after 1 s.*It stays/)
    });
    expect(await thereIs(namespace)).toHaveLength(2);
  });

  it('is made, listed and removed by the command line', async () => {
    const veilbook = (...words: string[]) => veilbookRuns(...words, '-n', namespace);
    const tried = await veilbook('create', 'triton', '-s', 'face', '-v', 'models', '--dry-run=server', '--output', 'name');
    expect([tried.code, tried.stdout]).toEqual([0, `service/${NAME}\ndeployment/${NAME}\n`]);
    expect(await thereIs(namespace)).toEqual([]);
    const made = await veilbook('create', 'triton-server', '--server-name=face', '--model-repo-pvc-name=models', '--no-wait');
    expect([made.code, made.stdout.split('\n')[0]]).toEqual([0, 'Triton server face was made, and is not ready.']);
    const listed = await veilbook('ls', 'triton-servers');
    expect(listed.stdout.split('\n').slice(0, 3)).toEqual([
      'Server Name  Status     HTTP Endpoint  gRPC Endpoint  Metrics Endpoint',
      '-----------  ---------  -------------  -------------  ----------------',
      'face         Not Ready  unavailable    unavailable    unavailable'
    ]);
    expect(JSON.parse((await veilbook('list', 'triton-servers', '--json')).stdout)).toMatchObject({
      servers: [{ name: 'face' }]
    });
    const would = await veilbook('delete', 'triton-server', '-s', 'face', '--dry-run');
    expect([would.code, would.stdout]).toEqual([0, `deployment/${NAME} would be removed\nservice/${NAME} would be removed\n`]);
    const unasked = await veilbook('delete', 'triton-server', '-s', 'face');
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringMatching(/Nobody can be asked.*Add --force/)]);
    const gone = await veilbook('rm', 'triton', '-s', 'face', '-f', '--output=name');
    expect([gone.code, gone.stdout]).toEqual([0, 'triton-server/face\n']);
    expect(await thereIs(namespace)).toEqual([]);
  });
});

describeAt('api', 'with no more rights than veilbook rbac --triton prints', () => {
  let namespace = '';
  let config: KubeConfig;
  const [role] = tritonRoleFor({ namespace: '', serviceAccount: 'servers' }) as [V1Role];
  const { rbac } = clients(administrator());
  beforeAll(async () => {
    namespace = await makeNamespace('triton-rights');
    await makeClaim({ namespace, name: 'models' });
    config = await asServiceAccount(namespace, 'servers');
    const api = KubernetesObjectApi.makeApiClient(administrator());
    for (const item of tritonRoleFor({ namespace, serviceAccount: 'servers' }) as KubernetesObject[]) {
      await api.create(item);
    }
    await until('the Role is in force', () => everything().then(refused => refused === ''));
  });
  afterAll(() => removeNamespace(namespace));

  const rights = (role.rules ?? []).flatMap(({ resources = [], verbs }) => verbs.map(verb => ({ verb, resource: resources[0] })));
  /** Without these a server can be made, listed and removed all the same. */
  const optional = ['create pods', 'list events'];

  it.each(rights)(
    'without $verb $resource it says so and names that command, unless it can do without',
    async ({ verb, resource }) => {
      const name = role.metadata?.name ?? '';
      const put = (rules: V1Role['rules']) =>
        rbac.replaceNamespacedRole({ namespace, name, body: { ...role, metadata: { name, namespace }, rules } });
      const without = (role.rules ?? [])
        .map(rule => (rule.resources?.[0] === resource ? { ...rule, verbs: rule.verbs.filter(one => one !== verb) } : rule))
        .filter(({ verbs }) => verbs.length > 0);
      await put(without);
      try {
        if (optional.includes(`${verb} ${resource}`)) {
          expect(await everything()).toBe('');
        } else {
          await until('it is refused', async () => RegExp(`does not allow to ${verb} ${resource}`).test(await everything()));
          expect(await everything()).toMatch(/veilbook rbac --triton --namespace \S+ prints the Role that does\.$/);
        }
      } finally {
        await put(role.rules);
        await until('the Role is whole again', () => everything().then(refused => refused === ''));
      }
    }
  );

  /** Make, list and remove a server; what it was refused with. */
  async function everything(): Promise<string> {
    const cluster = await open(namespace, config);
    try {
      await createTritonServer(cluster, FACE, now);
      await listTritonServers(cluster);
      await deleteTritonServer(cluster, await removableTritonServer(cluster, 'face'));
      return '';
    } catch (thrown) {
      const all = await open(namespace);
      await removableTritonServer(all, 'face')
        .then(found => deleteTritonServer(all, found))
        .catch(() => undefined);
      return (thrown as { line: string }).line;
    }
  }
});
