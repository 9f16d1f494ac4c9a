import { hash, randomUUID } from 'node:crypto';
import { VeilError, type Timings, type WireTensor } from '../protocol';
import type { CleanTensor, ObfuscatedTensor } from './activation';
import type { DetectRequest, ElsewhereOptions } from './compute';
import type { Arrival, Departed, Departure, RemoteTail } from './departure';

/** What is remembered of a tensor that the noise made. */
type Made = Omit<Extract<Departure, { kind: 'obfuscated' }>, 'run' | 'snapshot' | 'tensor' | 'kind'>;

const REMEMBERED = 16_384;

/**
 * Runs whose tail is elsewhere, in the process that owns the workers. Of tensors that come back from a caller (`forwardTail`)
 * only those go on that the noise made here: they are known by the SHA-256 of their bytes, in memory only.
 */
export class Elsewhere {
  private readonly made = new Map<string, Made>();

  constructor(private readonly remote: RemoteTail | undefined) {}

  /** Remember a tensor of `forwardNoise`. */
  remember(tensor: WireTensor, made: Made): void {
    if (!this.remote) {
      return;
    }
    const name = hash('sha256', tensor.data);
    this.made.delete(name);
    this.made.set(name, made);
    for (const oldest of this.made.keys()) {
      if (this.made.size <= REMEMBERED) {
        break;
      }
      this.made.delete(oldest);
    }
  }

  /**
   * Before anything runs: whether such a request may be sent at all.
   * @throws VeilError `bad_request`, `egress_refused`
   */
  check({ mode, tail, allow_clean_egress: allowed, dry_run: dry, insecure_seed: seed }: DetectRequest['options']): void {
    const needless = tail === undefined && (allowed ? 'allow_clean_egress' : dry ? 'dry_run' : undefined);
    if (needless) {
      throw new VeilError('bad_request', `${needless} was given, and no tail elsewhere. Nothing was run.`, 'Say which tail.');
    }
    if (mode === 'noisy' && allowed) {
      throw new VeilError('bad_request', 'A noisy run sends nothing clean. Nothing was run.', 'Leave allow_clean_egress out.');
    }
    if (tail !== undefined && mode === 'clean' && !allowed) {
      throw new VeilError(
        'egress_refused',
        `A clean activation shows the picture to whoever runs ${tail}. Nothing was run, nothing was sent.`,
        'Run it noisy, or allow this one by name: allow_clean_egress.'
      );
    }
    if (tail !== undefined && seed !== undefined && !dry) {
      throw new VeilError(
        'egress_refused',
        `Noise of seed ${seed} can be subtracted by whoever knows it. Nothing was run, nothing was sent.`,
        'Leave the seed out.'
      );
    }
  }

  /**
   * Send the first half of a run, and wait for the tail's outputs.
   * @throws VeilError as `RemoteTail.run`
   */
  send({ options }: Pick<DetectRequest, 'options'>, { draft, facts, tensor }: Departed, signal?: AbortSignal): Promise<Arrival> {
    const { run, alpha, artefact, looks, private: isPrivate } = draft;
    const about = { run, snapshot: options.snapshot ?? null, facts };
    const departure: Departure =
      alpha !== null && artefact && looks
        ? { kind: 'obfuscated', ...about, alpha, artefact, private: isPrivate, looks, tensor: tensor as ObfuscatedTensor }
        : { kind: 'clean', ...about, tensor: tensor as CleanTensor };
    return this.pass(options.tail!, departure, options.dry_run, signal);
  }

  /**
   * The tail's outputs for a tensor that `forwardNoise` made.
   * @throws VeilError `egress_refused` for any other tensor and for another ALPHA, and as `RemoteTail.run`
   */
  async forward(activation: WireTensor, options: ElsewhereOptions, signal?: AbortSignal): Promise<Arrival> {
    const { tail, alpha, dry_run: dry, snapshot = null } = options;
    const made = this.made.get(hash('sha256', activation.data));
    const nothing = 'Nothing was sent.';
    if (!made) {
      throw new VeilError(
        'egress_refused',
        `This activation is none that forward_noise made here since the sidecar started. ${nothing}`,
        'Send what forward_noise returned, unchanged.'
      );
    }
    if (alpha !== undefined && alpha !== made.alpha) {
      throw new VeilError(
        'egress_refused',
        `This activation was made at ALPHA ${made.alpha}, not ${alpha}. ${nothing}`,
        'Say the ALPHA of forward_noise, or none.'
      );
    }
    if (!made.private) {
      throw new VeilError('egress_refused', `The noise of this activation comes from a seed. ${nothing}`, 'Leave the seed out.');
    }
    const tensor = activation as ObfuscatedTensor;
    return this.pass(tail, { kind: 'obfuscated', run: randomUUID(), snapshot, tensor, ...made }, dry, signal);
  }

  private pass(url: string, departure: Departure, dryRun = false, signal?: AbortSignal): Promise<Arrival> {
    if (!this.remote) {
      throw new VeilError(
        'egress_refused',
        'This program has no way out: it runs tails here only. Nothing was sent.',
        'Leave the tail out.'
      );
    }
    return this.remote.run(url, departure, { dryRun, signal });
  }
}

/** Stages of both halves with the way between them as the tail. */
export function joined(first: Timings, way: number, second: Timings): Timings {
  return { ...first, ...second, tail: way, total: first.total + way + second.total };
}
