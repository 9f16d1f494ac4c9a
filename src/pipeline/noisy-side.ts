import { attackerGraphAt, serverGraphAt, type NoisyModel, type Obfuscation } from '../models';
import type { Attacker } from '../protocol';
import type { CleanActivation, ObfuscatedActivation } from './activation';
import type { EpsilonSource } from './epsilon';
import type { FieldRegion } from './field-noise';
import type { Arena } from './kernels';
import { tensorOf, watched, type Look } from './look-signature';
import { Noise, noiseSizes } from './noise';
import type { Pixels } from './raster';
import { Recent } from './recent';
import { pictureOf } from './reconstruct';
import { Graph, type OutputPort, type Provider } from './session';

export type NoisyRegion = FieldRegion | 'estimate';

/** Bytes that `NoisySide` needs of an arena. */
export function noisySizes(obfuscation: Obfuscation): Record<NoisyRegion, number> {
  const { targets, activation_shape: shape } = obfuscation.document;
  return { ...noiseSizes(obfuscation), estimate: 4 * targets * shape[1] * shape[2] };
}

/** Strengths whose server side stays open: 10 to 20 MB each. */
const SERVERS = 4;
const ATTACKERS = 3;

/** Noise, server side and attackers of one model on one device, at whatever ALPHA is asked for. */
export class NoisySide {
  private readonly noise: Noise;
  private readonly servers: Recent<number, Graph>;
  private readonly attackers: Recent<string, Graph>;
  private digest: Uint8Array | null = null;

  /** @param outputs the tail's ports: server sides leave their answers where it does */
  constructor(
    private readonly model: NoisyModel,
    private readonly arena: Arena<NoisyRegion>,
    private readonly provider: Provider,
    private readonly threads: number,
    private readonly outputs: OutputPort[]
  ) {
    this.noise = new Noise(model.obfuscation, arena);
    const release = (graph: Graph) => graph.release();
    this.servers = new Recent(SERVERS, alpha => this.openServer(alpha), release);
    this.attackers = new Recent(ATTACKERS, key => this.openAttacker(key), release);
  }

  /** Keep so many strengths open at least: for whoever goes through them again and again. */
  keep(strengths: number): void {
    this.noise.keep(strengths);
    this.servers.keep(strengths);
  }

  /**
   * Make noise and server side of this strength ready; what takes long is over when the stages are timed.
   * @param elsewhere the server's side is not run here
   */
  async prepare(alpha: number, elsewhere = false): Promise<void> {
    await this.noise.prepare(alpha);
    if (!elsewhere) {
      await this.servers.get(alpha);
    }
  }

  /** As `Noise.obfuscate`. */
  async obfuscate(clean: CleanActivation, alpha: number, epsilon: EpsilonSource): Promise<ObfuscatedActivation> {
    const source = watched(epsilon);
    const obfuscated = await this.noise.obfuscate(clean, alpha, source);
    this.digest = source.digest;
    return obfuscated;
  }

  /** SHA-256, hexadecimal, of the quantised activation that the last call of `obfuscate` was given. */
  get sourceDigest(): string {
    return Buffer.from(this.digest!).toString('hex');
  }

  /**
   * The look that the last call of `obfuscate` gave at a source.
   * @param seed of the noise, where it had one
   */
  lookAt(source: Look['source'], alpha: number, seed: number | undefined): Look {
    const { sha256: artefact, document } = this.model.obfuscation;
    const measured = { document: { knots: document.knots.map(knot => ({ alpha: knot.alpha, looks: knot.looks })) } };
    return { source, tensor: tensorOf(this.digest!, artefact, alpha, seed), artefact, alpha, measured };
  }

  /**
   * Filter, denoiser and tail of this strength on [C,H,W]; the tail's regions hold the answer afterwards.
   * @throws VeilError as `serverGraphAt` and `Graph.open`
   */
  async runServer(data: Float32Array, alpha: number): Promise<void> {
    await (await this.servers.get(alpha)).run(data);
  }

  /** What this attacker makes of an activation [C,H,W]; `alpha` is that of the noise in it, null for a clean one. */
  async attack(attacker: Attacker, data: Float32Array, alpha: number | null): Promise<Pixels> {
    const graph = await this.attackers.get(JSON.stringify([attacker, attacker === 'naive viewer' ? null : alpha]));
    await graph.run(data);
    const [, height, width] = this.model.obfuscation.document.activation_shape;
    return pictureOf(this.arena.regions.estimate.float32(), height, width);
  }

  async release(): Promise<void> {
    await Promise.all([this.servers.clear(), this.attackers.clear()]);
  }

  private async openServer(alpha: number): Promise<Graph> {
    const model = await serverGraphAt(this.model, alpha);
    const name = `The server side of ${this.model.dir} at ALPHA ${alpha}`;
    return Graph.open({ name, model }, this.provider, this.threads, this.model.manifest.tail.activation, this.outputs);
  }

  private async openAttacker(key: string): Promise<Graph> {
    const [attacker, alpha] = JSON.parse(key) as [Attacker, number | null];
    const { obfuscation, dir } = this.model;
    const { activation_shape: shape, targets } = obfuscation.document;
    const model = await attackerGraphAt(obfuscation, attacker, alpha);
    const output = { name: 'estimate', shape: [targets, shape[1], shape[2]], region: this.arena.regions.estimate };
    const made = { name: `The ${attacker} of ${dir}`, model };
    return Graph.open(made, this.provider, this.threads, { name: 'noisy', shape }, [output]);
  }
}
