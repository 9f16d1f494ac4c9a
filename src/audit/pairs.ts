import { type NoiseSpectrum } from '../learning/leakage';
import { NoisyView } from '../learning/noisy-view';
import { type Normals } from '../learning/normals';
import { type Sample } from '../learning/samples';
import { type LearningDevice, type LearningSession } from '../learning/session';
import { type Statistics } from '../learning/statistics';
import { type AttackInput } from '../protocol';
import { type Pairs } from './attack';
import { inputMatrices, openInput } from './inputs';

/** The attacker's own images under noise of one strength, as the artefact declares it. */
export class NoisyPairs implements Pairs {
  private readonly inputs = new Map<AttackInput, Promise<LearningSession>>();

  private constructor(
    private readonly view: NoisyView,
    private readonly statistics: Statistics,
    private readonly S: NoiseSpectrum | null,
    private readonly step: number,
    private readonly normals: Normals,
    private readonly device: LearningDevice
  ) {}

  /** @param S null: clean activations. @param step of the grid that tensors are rounded to */
  static async open(
    statistics: Statistics,
    S: NoiseSpectrum | null,
    step: number,
    normals: Normals,
    device: LearningDevice
  ): Promise<NoisyPairs> {
    return new NoisyPairs(await NoisyView.open(statistics, S, device), statistics, S, step, normals, device);
  }

  async draw(samples: readonly Sample[], input: AttackInput): Promise<{ z: Float32Array; target: Float32Array }[]> {
    const noisy = await this.view.see(samples, this.normals);
    const { data } = input === 'raw' ? noisy : (await (await this.session(input)).run({ noisy })).activation;
    const size = data.length / samples.length;
    return samples.map(({ target }, i) => ({ z: data.slice(i * size, (i + 1) * size), target }));
  }

  /** A tensor that left, as an attack's input says. */
  async prepare(z: Float32Array, input: AttackInput): Promise<Float32Array> {
    if (input === 'raw') {
      return z;
    }
    const noisy = { data: z, dims: [1, ...this.statistics.field.shape] };
    return (await (await this.session(input)).run({ noisy })).activation.data;
  }

  async release(): Promise<void> {
    await this.view.release();
    for (const session of this.inputs.values()) {
      await (await session).release();
    }
  }

  private session(input: AttackInput): Promise<LearningSession> {
    const { statistics, S, step, device } = this;
    const found = this.inputs.get(input) ?? openInput(statistics, S, inputMatrices(statistics, S, input, step), device);
    this.inputs.set(input, found);
    return found;
  }
}
