import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeAt, makeNamespace, removeNamespace, snapshotReady } from '../support';
import { apis, claimOf, contentOf, folderOf, hashOf, makeWorkspace, open, put, snapshotFolder, standInKubelet } from './support';

const root = resolve(__dirname, '../../../..');
const AT_ONCE = 3;
/** Where time is short: every so manieth step, beginning with one of the first at random. */
const EVERY = Number(process.env.VEILBOOK_KILL_EVERY ?? 1);
const FIRST = 1 + Math.floor(Math.random() * EVERY);

describeAt('csi', 'a process killed at every step, and another that opens the workspace after it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'veilbook-kill-'));
  const script = join(folder, 'act.mjs');
  let namespace = '';
  let kubelet: ReturnType<typeof standInKubelet>;

  beforeAll(async () => {
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    execFileSync(join(root, 'node_modules', '.bin', 'esbuild'), [
      join(__dirname, 'act.ts'),
      '--bundle',
      '--platform=node',
      '--format=esm',
      `--banner:js=${banner}`,
      `--outfile=${script}`,
      '--log-level=error'
    ]);
    namespace = await makeNamespace('kill');
    kubelet = standInKubelet(namespace);
  });
  afterAll(async () => {
    await kubelet.stop();
    await removeNamespace(namespace);
    rmSync(folder, { recursive: true });
  });

  function act(name: string, action: string, at = 0): Promise<{ steps?: number; killed?: string; stderr: string }> {
    return new Promise(done => {
      const child = spawn(process.execPath, [script, namespace, name, action, String(at)], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', chunk => (stdout += chunk));
      child.stderr.on('data', chunk => (stderr += chunk));
      child.on('close', () => done({ stderr, ...(stdout ? JSON.parse(stdout) : {}) }));
    });
  }

  const OLD = { 'model.onnx': 'weights', 'notes/first.ipynb': '{}' };
  const NEW = { 'model.onnx': 'trained', later: 'x' };

  /** A workspace with OLD in a snapshot and NEW added to it since; restored, or cloned, where that is where an action begins. */
  async function begin(name: string, action: string): Promise<void> {
    await makeWorkspace({ namespace, name });
    await put(namespace, name, OLD);
    const workspace = await open(namespace, name);
    const { id } = await workspace.takeSnapshot({ label: 'old' }).result;
    await put(namespace, name, NEW);
    if (action.endsWith('undo')) {
      const again = await open(namespace, name, undefined, 15, action.startsWith('rebind'));
      await again.restore(id).result;
    }
    if (action === 'delete-workspace') {
      await workspace.clone({ to: `${name}-clone`, snapshot: id }).result;
    }
  }

  it.each(['snapshot', 'restore', 'undo', 'rebind', 'rebind-undo', 'clone', 'delete-workspace'])(
    '%s leaves the state before or the state after, and loses nothing',
    async action => {
      await begin(`${action}-0`, action);
      const before = await contentOf(namespace, `${action}-0`);
      const { steps, stderr } = await act(`${action}-0`, action);
      expect(stderr).toBe('');
      const after = await contentOf(namespace, `${action}-0`);
      const known = [before, after, await oldContent(`${action}-0`)];
      const points = Array.from({ length: steps! }, (_, k) => k + 1).filter(step => (step - FIRST) % EVERY === 0);
      // A slow run renews its Lease more often than a fast one: the last steps may not come.
      let tried = 0;
      const outcomes = { before: 0, after: 0, same: 0 };
      const failures: string[] = [];

      const one = async (at: number) => {
        const name = `${action}-${at}`;
        await begin(name, action);
        const mounted = await folderOf(namespace, await claimOf(namespace, name));
        const { killed, stderr: said } = await act(name, action, at);
        try {
          expect(said).toBe('');
          if (killed === undefined) {
            return;
          }
          tried++;
          const workspace = await open(namespace, name, undefined, 5);
          const now = await contentOf(namespace, name);
          expect([before, after]).toContain(now);
          // What was mounted when it began is there, and untouched.
          expect(hashOf(mounted)).toBe(before);
          expect((await workspace.listOperations()).filter(({ state }) => state === 'running')).toEqual([]);
          for (const { id } of (await workspace.listSnapshots()).filter(({ state }) => state !== 'deleting')) {
            await snapshotReady(namespace, id);
            expect(known).toContain(hashOf(await snapshotFolder(namespace, id)));
          }
          await noLitter(name);
          const { stderr: again } = await act(name, action);
          expect(again.replace(/.*(undone already|is taken by|There is no workspace).*/s, '')).toBe('');
          outcomes[before === after ? 'same' : now === before ? 'before' : 'after']++;
        } catch (thrown) {
          failures.push(`${action} killed at step ${at} (${killed}): ${(thrown as Error).message}`);
        }
      };
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let at = points.shift(); at !== undefined; at = points.shift()) {
            await one(at);
          }
        })
      );
      process.stdout.write(`${action}: ${tried} of ${steps} kill points; workspace ${JSON.stringify(outcomes)}\n`);
      expect(failures).toEqual([]);
      expect(tried).toBeGreaterThan(0);
    },
    900_000
  );

  /** What the snapshot `old` holds. */
  async function oldContent(name: string): Promise<string> {
    const [first] = (await (await open(namespace, name)).listSnapshots()).filter(({ label }) => label === 'old');
    return hashOf(await snapshotFolder(namespace, first.id));
  }

  /** No claim that nobody mounts and no restore keeps, no Job, and nothing half of a clone. */
  async function noLitter(name: string): Promise<void> {
    const { core, batch, apps } = apis();
    const now = await claimOf(namespace, name);
    const { items: claims } = await core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector: workspaceLabel(name) });
    const others = claims.filter(({ metadata }) => metadata?.name !== now && !metadata?.deletionTimestamp);
    expect(others.filter(({ metadata }) => !metadata?.annotations?.['veilbook.dev/superseded-by'])).toEqual([]);
    const { items: jobs } = await batch.listNamespacedJob({ namespace, labelSelector: `veilbook.dev/workspace=${name}` });
    expect(jobs.filter(({ metadata }) => !metadata?.deletionTimestamp)).toEqual([]);
    const clone = `ntap-dsutil-jupyterlab-${name}-clone`;
    const there = await Promise.all([
      apps.readNamespacedDeployment({ namespace, name: clone }).then(
        () => true,
        () => false
      ),
      core.readNamespacedPersistentVolumeClaim({ namespace, name: clone }).then(
        ({ metadata }) => !metadata?.deletionTimestamp,
        () => false
      )
    ]);
    expect(new Set(there).size).toBe(1);
    expect(existsSync(await folderOf(namespace, now))).toBe(true);
  }
});

const workspaceLabel = (name: string): string => `jupyterlab-workspace-name=${name}`;
