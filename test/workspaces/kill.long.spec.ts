import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join, resolve } from 'node:path';
import { removeFixtures, type Fixture, fixtures } from './kill-fixtures';
import { erase, placeAt, portrait } from './trees';

const root = resolve(__dirname, '../..');
const AT_ONCE = 2;
let script: string;
let made: Fixture;

beforeAll(async () => {
  made = await fixtures();
  script = join(made.top, 'act.mjs');
  const esbuild = join(root, 'node_modules', '.bin', 'esbuild');
  execFileSync(esbuild, [
    join(__dirname, 'act.ts'),
    '--bundle',
    '--platform=node',
    '--format=esm',
    `--outfile=${script}`,
    '--log-level=error'
  ]);
});

afterAll(removeFixtures);

interface Ended {
  steps?: number;
  killed?: string;
  stderr: string;
}

function act(top: string, action: string, at = 0): Promise<Ended> {
  return new Promise(done => {
    const child = spawn(process.execPath, [script, top, action, String(at)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', chunk => (stdout += chunk));
    child.stderr.on('data', chunk => (stderr += chunk));
    child.on('close', () => done({ stderr, ...(stdout ? JSON.parse(stdout) : {}) }));
  });
}

/** Nothing of ours lies about in a folder of people. */
function noLitter(top: string): void {
  for (const folder of [top, join(top, 'work')]) {
    expect(fs.readdirSync(folder).filter(name => name.startsWith('.veilbook'))).toEqual([]);
  }
  const store = join(top, 'store');
  for (const workspace of fs.readdirSync(store)) {
    expect(fs.readdirSync(join(store, workspace)).filter(name => name.startsWith('.'))).toEqual([]);
  }
}

describe.each([
  ['snapshot', 'changed'],
  ['restore', 'changed'],
  ['restore-files', 'changed'],
  ['undo', 'restored'],
  ['clone', 'changed'],
  ['delete-snapshot', 'changed'],
  ['delete-workspace', 'cloned']
] as const)('%s, killed at every step and recovered by another process', (action, start) => {
  it('leaves the state before or the state after, and loses nothing', async () => {
    const whole = made.copy(start);
    const { steps, stderr } = await act(whole, action);
    expect(stderr).toBe('');
    const before = made.states[start];
    const after = portrait(join(whole, 'work'));
    const outcomes = { before: 0, after: 0, same: 0 };
    const points = Array.from({ length: steps! }, (_, k) => k + 1);
    const failures: string[] = [];
    const one = async (at: number) => {
      const top = made.copy(start);
      const { killed } = await act(top, action, at);
      try {
        expect(killed).toBeDefined();
        const workspace = await placeAt(top).open(30);
        const now = portrait(join(top, 'work'));
        expect([before, after]).toContainEqual(now);
        noLitter(top);
        for (const snapshot of await workspace.listSnapshots()) {
          expect(snapshot.state).toBe('ready');
          const expected = made.contents[snapshot.id] ?? { modes: before };
          if (snapshot.paths === null) {
            expect(portrait(snapshot.tree!, { modes: false })).toEqual(made.asleep(expected.modes));
          }
        }
        expect((await workspace.listOperations()).filter(({ state }) => state === 'running')).toEqual([]);
        if (action === 'clone' && fs.existsSync(join(top, 'clone'))) {
          expect(portrait(join(top, 'clone'))).toEqual(made.contents[made.first[start]].modes);
        }
        if (action === 'delete-workspace') {
          const clone = join(top, 'clone');
          expect(
            !fs.existsSync(clone) ||
              Object.keys(portrait(clone)).length === Object.keys(made.contents[made.first[start]].modes).length
          ).toBe(true);
        }
        // Whatever was cut off can be done again.
        const { stderr: again } = await act(top, action);
        expect(again.replace(/.*(undone already|Nothing was restored|is not empty|no snapshot|reading 'id').*/s, '')).toBe('');
        const changed = JSON.stringify(before) !== JSON.stringify(after);
        outcomes[!changed ? 'same' : JSON.stringify(now) === JSON.stringify(before) ? 'before' : 'after']++;
      } catch (thrown) {
        failures.push(`${action} killed at step ${at} (${killed}): ${(thrown as Error).message}`);
      }
      erase(Buffer.from(top));
    };
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let at = points.shift(); at !== undefined; at = points.shift()) {
          await one(at);
        }
      })
    );
    process.stdout.write(`${action}: ${steps} kill points; workspace ${JSON.stringify(outcomes)}\n`);
    expect(failures).toEqual([]);
  }, 600_000);
});
