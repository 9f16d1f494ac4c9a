import { DeviceFailure, WorkerPool } from './pool';
import type { Task } from './worker-messages';

// Workers open a model each; on a busy machine that takes its time.
jest.setTimeout(60_000);

/**
 * Real workers and the bundled model. Two processes on the CPU, named stand-in:0 and stand-in:1, take the part of two
 * GPUs: dispatch, transport and recovery are the same, only the execution provider is another.
 */
const STAND_INS = ['stand-in:0', 'stand-in:1'];

function frameTask(image: string): Task<'detect'> {
  const pixels = new Uint8Array(640 * 480 * 3).fill(127);
  const frame = { kind: 'pixels' as const, data: pixels, width: 640, height: 480, order: 'rgb' as const };
  return { kind: 'detect', notices: [], request: { image, frame, options: { mode: 'clean' }, pictures: [], activation: false } };
}

describe('compute workers', () => {
  let pool: WorkerPool;
  const processPool = (options?: ConstructorParameters<typeof WorkerPool>[0]) => {
    const made = new WorkerPool(options);
    for (const device of STAND_INS) {
      made.add({ device, provider: { kind: 'cpu', index: 0 }, threads: 1, transport: 'process' });
    }
    return made;
  };
  const threadPool = (options?: ConstructorParameters<typeof WorkerPool>[0]) => {
    const made = new WorkerPool(options);
    made.add({ device: 'cpu', provider: { kind: 'cpu', index: 0 }, threads: 1, transport: 'thread' });
    return made;
  };
  const detect = (image: string, devices: string[], signal?: AbortSignal) => pool.run(frameTask(image), devices, image, signal);

  afterEach(() => pool.close());

  it('spread frames over two processes', async () => {
    pool = processPool();
    const runs = await Promise.all(Array.from({ length: 6 }, (_, n) => detect(`frame ${n}`, STAND_INS)));
    expect(new Set(runs.map(run => run.output.result.device))).toEqual(new Set(STAND_INS));
    const pids = pool.workers().map(({ pid }) => pid);
    expect(new Set([...pids, process.pid]).size).toBe(3);
    expect(pool.workers().every(({ finished }) => finished >= 1)).toBe(true);
  });

  it('fail one run when a process is killed, and run the next on a new process', async () => {
    pool = processPool();
    await detect('before', ['stand-in:0']);
    const [{ pid }] = pool.workers();
    const lost = detect('photo.jpg', ['stand-in:0']);
    process.kill(pid!, 'SIGKILL');
    await expect(lost).rejects.toMatchObject({
      code: 'worker_died',
      message: 'The compute worker for stand-in:0 ended (killed by SIGKILL) while it ran photo.jpg; that run has no result.'
    });
    const next = await detect('after', ['stand-in:0']);
    expect(next.output.result.image).toBe('after');
    expect(pool.workers()[0].pid).not.toBe(pid);
  });

  it.each([
    ['thread', threadPool, 'cpu'],
    ['process', processPool, 'stand-in:0']
  ])('of kind %s run no stage of a cancelled batch that was still waiting', async (_, make, device) => {
    pool = make();
    await detect('warm-up', [device]);
    const cancel = new AbortController();
    const batch = Array.from({ length: 20 }, (_, n) => detect(`frame ${n}`, [device], cancel.signal));
    const outcomes = Promise.allSettled(batch);
    await batch[0];
    cancel.abort();
    const settled = await outcomes;
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(4);
    expect(settled.at(-1)).toMatchObject({ reason: { code: 'cancelled' } });
    // The worker itself took no more than what was finished and the one that ran.
    expect(pool.workers()[0].finished).toBeLessThan(5);
    await expect(detect('afterwards', [device])).resolves.toMatchObject({ device });
  });

  it('stop a running frame at its next stage', async () => {
    pool = threadPool();
    const cancel = new AbortController();
    const run = detect('slow start', ['cpu'], cancel.signal);
    cancel.abort();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('are replaced when a cancelled run does not stop in time', async () => {
    pool = processPool({ graceMs: 50 });
    await detect('before', ['stand-in:0']);
    const [{ pid }] = pool.workers();
    process.kill(pid!, 'SIGSTOP');
    const cancel = new AbortController();
    const hung = detect('hung', ['stand-in:0'], cancel.signal);
    cancel.abort();
    await expect(hung).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('its worker was ended') });
    await expect(detect('after', ['stand-in:0'])).resolves.toBeDefined();
  });

  it('refuse more than may wait', async () => {
    pool = threadPool({ maxQueue: 2 });
    const taken = [1, 2, 3].map(n => detect(`frame ${n}`, ['cpu']));
    await expect(detect('one too many', ['cpu'])).rejects.toMatchObject({ code: 'busy' });
    await Promise.all(taken);
  });

  it('move the pixels of a frame instead of copying them', async () => {
    pool = threadPool();
    const task = frameTask('moved');
    const pixels = task.request.frame.data;
    await pool.run(task, ['cpu'], 'moved');
    expect(pixels.byteLength).toBe(0);
  });

  it('say when a GPU cannot be used at all, so that another device is tried', async () => {
    pool = new WorkerPool();
    pool.add({ device: 'cuda:0', provider: { kind: 'cuda', index: 0 }, threads: 1, transport: 'process' });
    const failure = await detect('frame', ['cuda:0']).catch(thrown => thrown);
    if (failure instanceof DeviceFailure) {
      expect(failure).toMatchObject({ code: 'device_unavailable', device: 'cuda:0' });
    } else {
      expect(failure.output.result.device).toBe('cuda:0');
    }
  });
});
