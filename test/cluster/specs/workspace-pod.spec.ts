import { AppsV1Api } from '@kubernetes/client-node';
import { advertise, contentHash, inPod, logIn, makeWorkspace, prefix, putFile, runningPod, type Lab } from './jupyter';
import { grantVeilbook } from './programs';
import { administrator, describeAt, makeNamespace, removeNamespace, runShell, until } from './support';

interface Panel {
  workspace: { provider: string; running: unknown; last_restore: { snapshot: string } | null };
  snapshots: { id: string; label: string; kind: string; state: string }[];
  operation: { record: { kind: string; state: string } };
}

const GPUS = { cpu: '800m', memory: '1Gi', 'example.com/gpu': '2' };

describeAt('node', 'a workspace in a pod', () => {
  let namespace = '';
  let lab: Lab;
  beforeAll(async () => {
    namespace = await makeNamespace('pod');
    await advertise('example.com/gpu', 4);
    await makeWorkspace(namespace, 'vision', { resources: GPUS });
    lab = await logIn(namespace, 'vision');
  });
  afterAll(() => removeNamespace(namespace));

  it('runs JupyterLab with Veilbook, which says what right it lacks', async () => {
    expect(await lab('GET', '/api/status')).toMatchObject({ kernels: 0 });
    expect(await lab('POST', '/veilbook/start')).toMatchObject({ state: 'running' });
    await expect(lab('GET', '/veilbook/workspace')).rejects.toThrow(/403 .*veilbook rbac prints the Role/);
  });

  it('keeps its files on the claim', async () => {
    await putFile(lab, 'labels.csv', 'one');
    expect(await runShell(namespace, 'reader', `${prefix}vision`, 'cat /data/labels.csv; ls /data')).toBe(
      'onelabels.csv\nwelcome.txt'
    );
  });

  it('detects with noise in the pod', async () => {
    const script = [
      'import numpy, veilbook.api as veil',
      'found = veil.load().detect(numpy.zeros((64, 64, 3), numpy.uint8), mode="noisy", pictures=False)',
      'print(found.detections.shape[1])'
    ];
    expect(await inPod(namespace, 'vision', 'python3', '-c', script.join('\n'))).toBe('5');
  });

  it('reaches the API by the Service of it, as its service account', async () => {
    const script = [
      'import os, ssl, urllib.error, urllib.request as web',
      'folder = "/var/run/secrets/kubernetes.io/serviceaccount/"',
      'trust = ssl.create_default_context(cafile=folder + "ca.crt")',
      'base = "https://" + os.environ["KUBERNETES_SERVICE_HOST"]',
      'def status(path):',
      '    card = {"Authorization": "Bearer " + open(folder + "token").read()}',
      '    try: return web.urlopen(web.Request(base + path, headers=card), context=trust).status',
      '    except urllib.error.HTTPError as refused: return refused.code',
      `print(status("/version"), status("/api/v1/namespaces/${namespace}/pods"))`
    ];
    expect(await inPod(namespace, 'vision', 'python3', '-c', script.join('\n'))).toBe('200 403');
  });

  it('is snapshot, restored, restored back and cloned from its own panel, though a restore ends the pod', async () => {
    await grantVeilbook(namespace);
    await putFile(lab, 'labels.csv', 'one');
    const before = await contentHash(namespace, 'vision');
    await lab('POST', '/veilbook/workspace/snapshots', { label: 'before training' });
    const panel = () => lab<Panel>('GET', '/veilbook/workspace');
    const taken = await until('the snapshot is ready', async () => {
      const { snapshots, workspace } = await panel();
      return workspace.running === null && snapshots.find(({ state, label }) => state === 'ready' && label === 'before training');
    });
    await putFile(lab, 'labels.csv', 'two');
    await putFile(lab, 'later.csv', 'three');
    const trained = await contentHash(namespace, 'vision');

    await inAnotherPod(() => lab('POST', '/veilbook/workspace/restore', { snapshot: taken.id }));
    expect(await contentHash(namespace, 'vision')).toBe(before);
    const after = await panel();
    expect(after.workspace).toMatchObject({ provider: 'kubernetes', running: null, last_restore: { snapshot: taken.id } });
    expect(after.operation.record).toMatchObject({ kind: 'restore', state: 'done' });
    expect(after.snapshots.map(({ kind }) => kind)).toEqual(['safety', 'user']);

    await inAnotherPod(() => lab('POST', '/veilbook/workspace/undo'));
    expect(await contentHash(namespace, 'vision')).toBe(trained);
    expect((await panel()).operation.record).toMatchObject({ kind: 'undo', state: 'done' });

    await lab('POST', '/veilbook/workspace/clone', { to: 'attempt-2', snapshot: taken.id });
    await until('the clone is made', async () => {
      const { operation } = await panel();
      return operation.record.kind === 'clone' && operation.record.state === 'done';
    });
    expect(await contentHash(namespace, 'attempt-2')).toBe(before);
    const apps = administrator().makeApiClient(AppsV1Api);
    const { spec } = await apps.readNamespacedDeployment({ namespace, name: `${prefix}attempt-2` });
    expect(spec?.template.spec?.containers[0].resources).toEqual({ limits: GPUS, requests: GPUS });
  }, 400_000);

  /** What ends the pod that asked: wait for the next one, log in there and start what the panel asks. */
  async function inAnotherPod(work: () => Promise<unknown>): Promise<void> {
    const before = await runningPod(namespace, 'vision');
    await work();
    await until('another pod runs', async () => (await runningPod(namespace, 'vision')) !== before, 120);
    lab = await logIn(namespace, 'vision');
    await lab('POST', '/veilbook/start');
  }
});
