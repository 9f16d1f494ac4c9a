import { type Sender } from './sender';
import { type Sample } from '../learning/samples';

/** What left for the attacked images, asked for once. */
export class SentTensors {
  private readonly single: Promise<Float32Array>[] = [];
  private means: Promise<Map<number, Float32Array[]>> | undefined;

  /** @param alpha null: clean activations, and nothing is sent */
  constructor(
    private readonly sender: Sender,
    private readonly attacked: readonly Sample[],
    private readonly alpha: number | null
  ) {}

  /** The first look at each of the first `count` images. */
  async first(count: number, seen: (share: number) => void = () => undefined): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (const [i, { activation }] of this.attacked.slice(0, count).entries()) {
      this.single[i] ??= this.alpha === null ? Promise.resolve(activation) : this.sender.send(activation, this.alpha);
      found.push(await this.single[i]);
      seen((i + 1) / count);
    }
    return found;
  }

  /**
   * The mean of so many looks at each of the first `count` images, every look from another life of the sender.
   * @param looks ascending
   */
  mean(count: number, looks: readonly number[], seen: (share: number) => void): Promise<Map<number, Float32Array[]>> {
    this.means ??= this.average(count, looks, seen);
    return this.means;
  }

  private async average(
    count: number,
    looks: readonly number[],
    seen: (share: number) => void
  ): Promise<Map<number, Float32Array[]>> {
    const { alpha } = this;
    const first = await this.first(count);
    const means = new Map<number, Float32Array[]>();
    if (alpha === null) {
      looks.forEach(so => means.set(so, first));
      return means;
    }
    const sums = first.map(z => Float64Array.from(z));
    let life = this.sender;
    const most = Math.max(...looks);
    for (let taken = 1; taken <= most; taken++) {
      if (taken > 1) {
        const next = await life.restart();
        if (life !== this.sender) {
          await life.close();
        }
        life = next;
        for (const [i, sum] of sums.entries()) {
          (await life.send(this.attacked[i].activation, alpha)).forEach((value, at) => (sum[at] += value));
        }
        seen(taken / most);
      }
      if (looks.includes(taken)) {
        means.set(
          taken,
          sums.map(sum => Float32Array.from(sum, value => value / taken))
        );
      }
    }
    if (life !== this.sender) {
      await life.close();
    }
    return means;
  }
}
