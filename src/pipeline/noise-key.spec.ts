import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { modelWithArtefact } from '../../test/support/artefact';
import { openCompute } from './engine';
import { WorkerPool } from './pool';
import type { Task } from './worker-messages';

jest.setTimeout(60_000);

const SHAPE = [1, 128, 32, 32];
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
let dir: string;
beforeAll(async () => {
  dir = await modelWithArtefact();
});
afterAll(() => rmSync(dirname(dir), { recursive: true }));

const activation = () => ({ data: new Float32Array(128 * 1024).fill(1), shape: SHAPE });
const bytes = ({ data }: { data: Float32Array | Uint8Array }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe('the key of the noise', () => {
  const places = ['thread', 'process'] as const;
  const poolOf = (noiseKey?: Uint8Array) => {
    const pool = new WorkerPool({ noiseKey });
    for (const transport of places) {
      pool.add({ device: transport, provider: { kind: 'cpu', index: 0 }, threads: 1, transport });
    }
    return pool;
  };
  const draw = async (pool: WorkerPool, device: string) => {
    const task: Task<'noise'> = { kind: 'noise', activation: activation(), options: { model: dir, alpha: 0.5 } };
    return bytes((await pool.run(task, [device], 'the noise')).output.activation);
  };

  it('reaches threads and processes alike, and another one makes other noise', async () => {
    const [pool, other] = [poolOf(KEY), poolOf(KEY.map(byte => byte + 1))];
    const [thread, child] = [await draw(pool, 'thread'), await draw(pool, 'process')];
    expect(thread.equals(child)).toBe(true);
    expect((await draw(other, 'thread')).equals(thread)).toBe(false);
    const [{ pid }] = pool.workers().filter(worker => worker.pid !== null);
    if (existsSync(`/proc/${pid}/environ`)) {
      // In whatever way 32 bytes might be written there.
      const environment = readFileSync(`/proc/${pid}/environ`);
      for (const spelt of [Buffer.from(KEY).toString('hex'), Buffer.from(KEY).toString('base64'), KEY.join()]) {
        expect(environment.includes(spelt)).toBe(false);
      }
    }
    // A worker that died is replaced by one with the same key.
    process.kill(pid!, 'SIGKILL');
    while (pool.workers().some(worker => worker.pid === pid)) {
      await new Promise(settle => setTimeout(settle, 10));
    }
    expect((await draw(pool, 'process')).equals(thread)).toBe(true);
    await Promise.all([pool.close(), other.close()]);
  });

  it('is one for a process life: two engines in it, and two frames at once, draw the same for one picture', async () => {
    const [one, two] = await Promise.all([openCompute({ threads: 1, workers: 2 }), openCompute({ threads: 1, workers: 1 })]);
    const options = { model: dir, alpha: 0.5 };
    const drawn = await Promise.all([one, one, two].map(compute => compute.forwardNoise(activation(), options)));
    const [first, ...others] = drawn.map(({ activation: z }) => bytes(z));
    expect(others.map(z => z.equals(first))).toEqual([true, true]);
    const strong = await one.forwardNoise(activation(), { ...options, alpha: 0.6 });
    expect(bytes(strong.activation).equals(first)).toBe(false);
    await Promise.all([one.close(), two.close()]);
  });
});
