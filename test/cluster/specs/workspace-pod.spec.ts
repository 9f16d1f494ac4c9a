import { AppsV1Api } from '@kubernetes/client-node';
import { expectEnabled, expectText, hasBrowser, openBrowser, openPanel, shoot } from './browser';
import { advertise, contentHash, inPod, logIn, makeWorkspace, prefix, putFile, runningPod, type Lab } from './jupyter';
import { grantVeilbook } from './programs';
import { administrator, describeAt, makeNamespace, removeNamespace, runShell, until } from './support';

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

  const withBrowser = hasBrowser ? it : it.skip; // apt-get install chromium
  withBrowser(
    'is snapshot, restored, restored back and cloned by a person at its panel, though a restore ends the pod',
    async () => {
      await grantVeilbook(namespace);
      await putFile(lab, 'labels.csv', 'one');
      const before = await contentHash(namespace, 'vision');
      const browser = await openBrowser();
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
        let panel = await openPanel(page, namespace, 'vision');
        await panel.getByLabel('Label of the snapshot').fill('before training');
        await panel.getByRole('button', { name: 'Snapshot', exact: true }).click();
        const restore = panel.getByRole('button', { name: 'Restore before training…' });
        await expectEnabled(restore);
        await shoot(page, 'pod-snapshot');
        await putFile(lab, 'labels.csv', 'two');
        await putFile(lab, 'later.csv', 'three');
        const trained = await contentHash(namespace, 'vision');

        await inAnotherPod(async () => {
          await restore.click();
          await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
        });
        expect(await contentHash(namespace, 'vision')).toBe(before);
        panel = await openPanel(page, namespace, 'vision');
        await panel.getByText(/Restored “before training”/).waitFor();
        await expectText(panel.getByRole('region', { name: 'Snapshots' }).getByRole('listitem'), [
          /Before a restore/,
          /before training/
        ]);
        await shoot(page, 'pod-restored');

        const undo = panel.getByRole('button', { name: 'Undo', exact: true });
        await expectEnabled(undo);
        await inAnotherPod(async () => {
          await undo.click();
          await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
        });
        expect(await contentHash(namespace, 'vision')).toBe(trained);
        panel = await openPanel(page, namespace, 'vision');
        await panel.getByText(/Restored/).waitFor({ state: 'detached' });
        await shoot(page, 'pod-undone');

        const clone = panel.getByRole('button', { name: 'Clone before training…' });
        await expectEnabled(clone);
        await clone.click();
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('textbox').fill('attempt-2');
        await dialog.getByRole('textbox').press('Enter');
        await page.getByText(/The clone is .*attempt-2/).waitFor({ timeout: 120_000 });
        await shoot(page, 'pod-cloned');
      } finally {
        await browser.close();
      }
      expect(await contentHash(namespace, 'attempt-2')).toBe(before);
      const apps = administrator().makeApiClient(AppsV1Api);
      const { spec } = await apps.readNamespacedDeployment({ namespace, name: `${prefix}attempt-2` });
      expect(spec?.template.spec?.containers[0].resources).toEqual({ limits: GPUS, requests: GPUS });
      const original = await apps.readNamespacedDeployment({ namespace, name: `${prefix}vision` });
      const mounts = (deployment: typeof original) => deployment.spec?.template.spec?.containers[0].volumeMounts;
      expect(mounts({ spec })).toEqual(mounts(original));
    },
    400_000
  );

  /** What ends the pod that asked: wait for the next one, and log in there. */
  async function inAnotherPod(work: () => Promise<unknown>): Promise<void> {
    const before = await runningPod(namespace, 'vision');
    await work();
    await until('another pod runs', async () => (await runningPod(namespace, 'vision')) !== before, 120);
    lab = await logIn(namespace, 'vision');
  }
});
