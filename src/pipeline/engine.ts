import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { loadModel, summarise } from '../models';
import type { DetectionResult } from '../protocol';
import type { Compute, DetectOutcome, DetectRequest } from './compute';
import type { RemoteTail } from './departure';
import { DeviceCatalog, providerOf } from './devices';
import { Elsewhere, joined } from './elsewhere';
import type { Look } from './look-signature';
import { LookCounter, looksNotices } from './looks';
import { DeviceFailure, WorkerPool, type PoolOptions } from './pool';
import type { Task, TaskKind, Tasks } from './worker-messages';

export interface ComputeOptions {
  /** Threads of one worker; default: the cores, at most 4. */
  threads?: number;
  /** Workers on the processor; default: one for each 4 cores. */
  workers?: number;
  /** The way to tails elsewhere; without it there is none. */
  remoteTail?: RemoteTail;
  log?: PoolOptions['log'];
}

/** Of the noise, for one process life: whoever holds it can subtract the noise from every tensor that was sent. */
const NOISE_KEY = randomBytes(32);

/** Of all frames under that key, whichever worker ran them. A run that failed or was cancelled handed out no tensor. */
const LOOKS = new LookCounter();

/**
 * The detector of this process. Nothing is started before it is needed: workers, their sessions and the look for
 * GPUs come with the first run that asks for them. With several GPUs, `auto` spreads frames over all of them.
 */
export async function openCompute(options: ComputeOptions = {}): Promise<Compute> {
  const cores = availableParallelism();
  const threads = options.threads ?? Math.min(4, cores);
  const workers = options.workers ?? Math.max(1, Math.floor(cores / 4));
  const catalog = new DeviceCatalog();
  const pool = new WorkerPool({ log: options.log, noiseKey: NOISE_KEY });
  const elsewhere = new Elsewhere(options.remoteTail);
  const logged = new Set<string>();

  function makePlaces(device: string): void {
    if (pool.has(device)) {
      return;
    }
    const provider = providerOf(device);
    const onCpu = provider.kind === 'cpu';
    for (let n = 0; n < (onCpu ? workers : 1); n++) {
      pool.add({ device, provider, threads, transport: onCpu ? 'thread' : 'process' });
    }
  }

  /** Run where `choice` resolves to; a GPU whose provider does not open is struck off and the choice resolved again. */
  async function run<K extends TaskKind>(
    choice: string,
    subject: string,
    taskFor: (notices: string[]) => Task<K>,
    signal?: AbortSignal
  ): Promise<{ output: Tasks[K]['output']; waited: number }> {
    for (;;) {
      const { devices, notices } = await catalog.resolve(choice);
      devices.forEach(makePlaces);
      for (const line of notices.filter(line => !logged.has(line))) {
        logged.add(line);
        options.log?.('warn', line, { choice });
      }
      try {
        return await pool.run(taskFor(notices), devices, subject, signal);
      } catch (thrown) {
        if (!(thrown instanceof DeviceFailure)) {
          throw thrown;
        }
        catalog.markBroken(thrown.device, thrown.message);
      }
    }
  }

  /** The first half in a worker, the tail elsewhere, the second half in a worker again: none waits for the way. */
  async function detectElsewhere(request: DetectRequest, signal?: AbortSignal): Promise<DetectOutcome> {
    const choice = request.options.device ?? 'auto';
    // The worker is given the frame: it is not to be looked at afterwards.
    const { frame, ...rest } = request;
    const { output, waited } = await run(
      choice,
      request.image,
      notices => ({ kind: 'depart', request: { ...rest, frame }, notices }),
      signal
    );
    const { look, ...departed } = output;
    const { draft } = departed;
    sayLooks(draft, look);
    const began = performance.now();
    const { answer, sent, notices } = await elsewhere.send(rest, departed, signal);
    const way = performance.now() - began;
    draft.sent = sent;
    draft.notices.push(...notices);
    if (!answer) {
      return { result: draft, pictures: {}, ...(request.activation && { activation: departed.tensor }) };
    }
    const first = draft.timings_ms;
    const arriving = { request: rest, departed, answer };
    const { output: outcome } = await run(choice, request.image, () => ({ kind: 'arrive', arriving }), signal);
    outcome.result.timings_ms = { ...joined(first, way, outcome.result.timings_ms), queue: waited };
    return outcome;
  }

  return {
    devices: () => catalog.list(),

    async resolveDevice(choice) {
      const { devices, notices } = await catalog.resolve(choice);
      return { device: devices.join(' + '), notices };
    },

    async describeModel(model) {
      return summarise(await loadModel(model));
    },

    async detect(request, signal) {
      elsewhere.check(request.options);
      if (request.options.tail !== undefined) {
        return detectElsewhere(request, signal);
      }
      const choice = request.options.device ?? 'auto';
      const { output, waited } = await run(choice, request.image, notices => ({ kind: 'detect', request, notices }), signal);
      const { look, ...outcome } = output;
      outcome.result.timings_ms.queue = waited;
      sayLooks(outcome.result, look);
      return outcome;
    },

    async sweep(request, signal) {
      const choice = request.device ?? 'auto';
      const { output } = await run(choice, request.image, notices => ({ kind: 'sweep', request, notices }), signal);
      const { seen, ...outcome } = output;
      return { ...outcome, looks: seen.map(look => LOOKS.count(look)).at(-1) ?? null };
    },

    async forwardHead(frame, { model, device }, signal) {
      return (await run(device ?? 'auto', 'the head', () => ({ kind: 'head', model, frame }), signal)).output;
    },

    async forwardNoise(activation, options, signal) {
      const { output } = await run('cpu', 'the noise', () => ({ kind: 'noise', options, activation }), signal);
      const { look, facts, ...outcome } = output;
      const looks = look && LOOKS.count(look);
      if (looks) {
        const { activation: made, artefact, private: isPrivate } = outcome;
        elsewhere.remember(made, { facts, alpha: options.alpha, artefact, private: isPrivate, looks });
      }
      return { ...outcome, notices: [...outcome.notices, ...looksNotices(looks)], ...(looks && { looks }) };
    },

    async forwardTail(activation, { model, device, alpha }, signal) {
      return (await run(device ?? 'auto', 'the tail', () => ({ kind: 'tail', model, alpha, activation }), signal)).output;
    },

    forwardElsewhere: async (activation, options, signal) => elsewhere.forward(activation, options, signal),

    async reconstruct(activation, options, signal) {
      const { device } = options;
      return (await run(device ?? 'auto', 'the attacker', () => ({ kind: 'reconstruct', options, activation }), signal)).output;
    },

    async postprocess(heads, options) {
      return (await run('cpu', 'the post-processing', () => ({ kind: 'postprocess', heads, ...options }))).output;
    },

    close: () => pool.close()
  };
}

/** Count the look, and say in the result how often its source was seen. */
function sayLooks(result: DetectionResult, look: Look | undefined): void {
  result.looks = look ? LOOKS.count(look) : null;
  result.notices.push(...looksNotices(result.looks));
}
