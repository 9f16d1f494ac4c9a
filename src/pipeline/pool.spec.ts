import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetectOutcome, Frame } from './compute';
import { DeviceFailure, WorkerPool } from './pool';
import type { Task } from './worker-messages';

// Workers open a model each; on a busy machine that takes its time.
jest.setTimeout(60_000);

/**
 * Real workers and the bundled model. Two processes on the CPU, named stand-in:0 and stand-in:1, take the part of two
 * GPUs: dispatch, transport and recovery are the same, only the execution provider is another.
 */
const STAND_INS = ['stand-in:0', 'stand-in:1'];

const SHAPE = { width: 640, height: 480, order: 'rgb' as const };

function frameTask(
  image: string,
  frame: Frame = { kind: 'pixels', data: new Uint8Array(640 * 480 * 3).fill(127), ...SHAPE }
): Task<'detect'> {
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
    const pixels = new Uint8Array(640 * 480 * 3);
    const task = frameTask('moved', { kind: 'pixels', data: pixels, ...SHAPE });
    await pool.run(task, ['cpu'], 'moved');
    expect(pixels.byteLength).toBe(0);
  });

  describe('with a frame in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'veil-pool-'));
    const path = join(folder, 'frame');
    const pixels = Uint8Array.from({ length: 640 * 480 * 3 }, (_, n) => (n * 7) % 251);
    beforeAll(() => writeFileSync(path, pixels));
    afterAll(() => rmSync(folder, { recursive: true }));

    /** Descriptors of the file in this process, its threads included. */
    const opened = () =>
      readdirSync('/proc/self/fd').filter(fd => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === path;
        } catch {
          return false; // closed meanwhile
        }
      }).length;
    const shared = (file: FileHandle): Frame => ({ kind: 'shared', file, ...SHAPE });
    const runWith = async (
      frame: Frame,
      device: string,
      { pictures = false, ...changes }: { pictures?: boolean; model?: string; signal?: AbortSignal } = {}
    ): Promise<DetectOutcome> => {
      const task = frameTask('frame', frame);
      task.request.activation = true;
      task.request.options.model = changes.model;
      task.request.options.picture_format = 'png';
      task.request.pictures = pictures ? ['annotated', 'frame'] : [];
      return (await pool.run(task, [device], 'frame', changes.signal)).output;
    };
    /** As the caller of a run has to: close the file afterwards. */
    const runShared = async (...[device, changes]: [string, Parameters<typeof runWith>[2]?]) => {
      const file = await open(path);
      return runWith(shared(file), device, changes).finally(() => file.close());
    };

    it.each([
      ['thread', threadPool, 'cpu'],
      ['process', processPool, 'stand-in:0']
    ])('of kind %s see the same bits as in memory, and close it', async (_, make, device) => {
      pool = make();
      for (const pictures of [false, true]) {
        const inMemory = await runWith({ kind: 'pixels', data: pixels.slice(), ...SHAPE }, device, { pictures });
        const inFile = await runShared(device, { pictures });
        expect(inFile.result.detections).toEqual(inMemory.result.detections);
        expect(inFile.activation).toEqual(inMemory.activation);
        expect(Object.keys(inFile.pictures)).toHaveLength(pictures ? 2 : 0);
        for (const [kind, { data }] of Object.entries(inMemory.pictures)) {
          expect(Buffer.compare(inFile.pictures[kind as 'frame']!.data, data)).toBe(0);
        }
      }
      expect(opened()).toBe(0);
    });

    it.each([
      ['thread', threadPool, 'cpu'],
      ['process', processPool, 'stand-in:0']
    ])('of kind %s close it after a run that failed', async (_, make, device) => {
      pool = make();
      await expect(runShared(device, { model: '/no/such/model' })).rejects.toMatchObject({ code: 'model_missing' });
      expect(opened()).toBe(0);
      const file = await open(path);
      const tooTall: Frame = { ...shared(file), height: 481 } as Frame;
      await expect(runWith(tooTall, device).finally(() => file.close())).rejects.toMatchObject({ code: 'bad_image' });
      expect(opened()).toBe(0);
    });

    it('close it when a run is cancelled, running or waiting', async () => {
      pool = threadPool();
      const cancel = new AbortController();
      const runs = Array.from({ length: 3 }, () => runShared('cpu', { signal: cancel.signal }));
      const outcomes = Promise.allSettled(runs);
      while (pool.workers().every(({ busy }) => !busy)) {
        await new Promise(settle => setTimeout(settle, 5));
      }
      cancel.abort();
      expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      expect(opened()).toBe(0);
    });

    it('keep it open as long as a worker that was given up may read it, and not longer', async () => {
      pool = threadPool({ graceMs: 0 });
      const cancel = new AbortController();
      const run = runShared('cpu', { signal: cancel.signal });
      while (pool.workers().every(({ busy }) => !busy)) {
        await new Promise(settle => setTimeout(settle, 5));
      }
      cancel.abort();
      await expect(run).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('its worker was ended') });
      // The thread is still starting: the file is on its way to it.
      expect(opened()).toBe(1);
      while (opened() > 0) {
        await new Promise(settle => setTimeout(settle, 20));
      }
    });
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
