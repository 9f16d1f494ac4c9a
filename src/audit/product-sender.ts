import { createHash, randomBytes } from 'node:crypto';
import { type LoadedModel } from '../models';
import { cleanActivation } from '../pipeline/activation';
import { openArena, type Arena } from '../pipeline/kernels';
import { type FieldRegion } from '../pipeline/field-noise';
import { Noise, noiseSizes, requireObfuscation } from '../pipeline/noise';
import { planNoise } from '../pipeline/noise-plan';
import { type Sender } from './sender';

interface Engine {
  noise: Noise;
  arena: Arena<FieldRegion>;
}

const KEY_BYTES = 32;

/**
 * What the product sends: the noise, the key and the context of epsilon that every noisy run has.
 * @param key of the first life, 32 bytes, from which those of later lives follow; without one every life draws its own, as
 *   a process does. A key that somebody knows is for audits that are to be repeated.
 * @throws VeilError `artefact_missing` for a model without an obfuscation
 */
export function productSender(model: LoadedModel, key?: Uint8Array): Sender {
  const obfuscation = requireObfuscation(model);
  const opened = openArena(noiseSizes(obfuscation)).then(arena => ({ arena, noise: new Noise(obfuscation, arena) }));
  // Whoever sends first hears of it.
  opened.catch(() => undefined);
  const next = key === undefined ? () => randomBytes(KEY_BYTES) : following;
  return new ProductSender(model, opened, key ?? randomBytes(KEY_BYTES), next);
}

function following(key: Uint8Array): Uint8Array {
  return createHash('sha256').update('the next life').update(key).digest();
}

class ProductSender implements Sender {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly model: LoadedModel,
    private readonly opened: Promise<Engine>,
    private readonly key: Uint8Array,
    private readonly next: (key: Uint8Array) => Uint8Array
  ) {}

  send(activation: Float32Array, alpha: number): Promise<Float32Array> {
    // One arena serves one tensor at a time.
    const sent = this.last.then(() => this.obfuscate(activation, alpha));
    this.last = sent.catch(() => undefined);
    return sent;
  }

  /** Kernels are shared between lives: what makes a life is its key. */
  async restart(): Promise<Sender> {
    await this.last;
    return new ProductSender(this.model, this.opened, this.next(this.key), this.next);
  }

  async close(): Promise<void> {
    await this.last;
  }

  private async obfuscate(activation: Float32Array, wanted: number): Promise<Float32Array> {
    const { alpha, epsilon } = planNoise(this.model, wanted, undefined, this.key);
    const { arena, noise } = await this.opened;
    const place = arena.regions.activation.float32();
    place.set(activation);
    const clean = cleanActivation(place, this.model.manifest.head.activation.shape);
    return (await noise.obfuscate(clean, alpha, epsilon)).data.slice();
  }
}
