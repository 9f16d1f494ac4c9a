import { AppsV1Api } from '@kubernetes/client-node';
import { request } from 'node:https';
import { type VolumeSnapshotRow, type WorkspaceRow } from '../../../src/toolkit';
import { logIn, password, prefix, putFile, readFile, type Lab } from './jupyter';
import { describeWithToolkit, toolkit, toolkitList, veilbookReads } from './programs';
import { administrator, clients, makeNamespace, removeNamespace, workspaceImage } from './support';

const LONG = 900_000;
const { core } = clients(administrator());

describeWithToolkit('node', 'a workspace by the toolkit’s commands', () => {
  let namespace = '';
  let lab: Lab;
  const done = async (words: string, typed = ''): Promise<string> => {
    const { code, stdout, stderr } = await veilbookReads(typed, ...words.split(' '), `--namespace=${namespace}`);
    expect([words, code, code === 0 ? '' : stderr]).toEqual([words, 0, '']);
    return stdout.trim();
  };
  const workspaces = async () => (JSON.parse(await done('list jupyterlabs --json')) as { workspaces: WorkspaceRow[] }).workspaces;

  beforeAll(async () => {
    namespace = await makeNamespace('jupyterlab');
  });
  afterAll(() => removeNamespace(namespace));

  it(
    'is made, entered with its password, and listed by the toolkit; nothing but the Secret has the password',
    async () => {
      const words = `create jupyterlab --workspace-name=vision --size=64Mi --image=${workspaceImage} --no-https --cpu=100m --timeout=600`;
      const said = await done(words, password);
      expect(said).toMatch(/^Workspace vision was made, and is ready\.\nAccess URL: http:\/\/\S+:\d+$/);
      expect(await done(words, password)).toMatch(/^Workspace vision was made before/);
      lab = await logIn(namespace, 'vision');
      await putFile(lab, 'labels.csv', 'one');
      const [row] = await workspaces();
      expect(row).toMatchObject({ name: 'vision', ready: true, size: '64Mi', url: said.split(' ').at(-1), made_by: 'veilbook' });
      expect(await toolkitList(namespace, 'jupyterlabs')).toMatchObject([
        { 'Workspace Name': 'vision', Status: 'Ready', Size: '64Mi', 'Access URL': row.url, Clone: 'No' }
      ]);
      const apps = administrator().makeApiClient(AppsV1Api);
      const objects = [
        (await apps.listNamespacedDeployment({ namespace })).items,
        (await core.listNamespacedPod({ namespace })).items,
        (await core.listNamespacedConfigMap({ namespace })).items,
        (await core.listNamespacedEvent({ namespace })).items
      ];
      expect(JSON.stringify(objects)).not.toMatch(/sha512|open sesame/);
    },
    LONG
  );

  it(
    'is snapshot by both, restored from the toolkit’s, cloned with other amounts, and removed whole',
    async () => {
      await done('create jupyterlab-snapshot --workspace-name=vision --snapshot-name=by-us');
      await toolkit(namespace, 'create jupyterlab-snapshot --workspace-name=vision --snapshot-name=by-them');
      const listed = JSON.parse(await done('list jupyterlab-snapshots -w vision --json')) as { snapshots: VolumeSnapshotRow[] };
      expect(listed.snapshots.map(({ name, workspace }) => [name, workspace])).toEqual([
        ['by-them', 'vision'],
        ['by-us', 'vision']
      ]);
      await putFile(lab, 'labels.csv', 'two');
      expect(await done('restore jupyterlab-snapshot --snapshot-name=by-them')).toMatch(/^Workspace vision was restored/);
      lab = await logIn(namespace, 'vision');
      expect(await readFile(lab, 'labels.csv')).toBe('one');

      expect(await done('clone jupyterlab -w second -s by-us -p 200m')).toMatch(
        /^Workspace second is a clone of snapshot by-us of vision/
      );
      const copy = await logIn(namespace, 'second');
      expect(await readFile(copy, 'labels.csv')).toBe('one');
      const second = await administrator()
        .makeApiClient(AppsV1Api)
        .readNamespacedDeployment({ namespace, name: `${prefix}second` });
      expect(second.spec?.template.spec?.containers[0].resources?.limits).toMatchObject({ cpu: '200m' });
      expect(await toolkitList(namespace, 'jupyterlabs')).toContainEqual(
        expect.objectContaining({ 'Workspace Name': 'second', Clone: 'Yes', 'Source Workspace': 'vision' })
      );
      await done('delete jupyterlab-snapshot --snapshot-name=by-us --force');
      await done('delete jupyterlab --workspace-name=second --force');
      await done('delete jupyterlab --workspace-name=vision --force');
      expect(await workspaces()).toEqual([]);
      expect((await core.listNamespacedSecret({ namespace })).items).toEqual([]);
    },
    LONG
  );

  it(
    'has a certificate of its own, and a token where one is asked for',
    async () => {
      const words = `create jupyterlab -w sealed -s 64Mi -i ${workspaceImage} --token --json --timeout=600`;
      const { workspace, token } = JSON.parse(await done(words)) as { workspace: WorkspaceRow; token: string };
      expect(workspace.url).toMatch(/^https:/);
      expect([await statusOf(workspace.url!, token), await statusOf(workspace.url!, 'wrong')]).toEqual([200, 403]);
      await toolkit(namespace, 'delete jupyterlab --workspace-name=sealed --force');
      expect(await workspaces()).toEqual([]);
    },
    LONG
  );
});

/** What the server answers to somebody with a token, whoever signed its certificate. */
const statusOf = (url: string, token: string): Promise<number | undefined> =>
  new Promise((answered, fail) => {
    const headers = { Authorization: `token ${token}` };
    request(`${url}/api/status`, { headers, rejectUnauthorized: false }, answer => {
      answer.resume();
      answered(answer.statusCode);
    })
      .on('error', fail)
      .end();
  });
