/** A gain below this is rounding. */
const LEAST = 1e-12;

/**
 * A one-to-one matching of detections and truth with the largest total weight, as detections come one after another (the
 * assignment problem, Kuhn, 1955). A detection more changes such a matching along one path that begins at it: to a
 * truth, on to the detection that has that truth, and so on, up to a free truth or a detection that loses its own. So the best
 * path is all that is looked for (by Bellman and Ford's method: without the detection there is no cycle that gains), and a
 * detection without truth is never needed again.
 */
export class GrowingMatching {
  /** Of each truth that is matched, the weights of its detection with all truths. */
  private readonly held: (Float64Array | undefined)[];

  constructor(truth: number) {
    this.held = Array.from({ length: truth }, () => undefined);
  }

  /** Weights of the matched pairs, in the order of their truth. */
  get weights(): number[] {
    return this.held.flatMap((row, truth) => (row ? [row[truth]] : []));
  }

  /** @param weights of a detection with each truth; 0: they cannot be matched */
  add(weights: Float64Array): void {
    const gains = weights.map(weight => (weight > 0 ? weight : -Infinity));
    /** The truth before on the best path; -1: the detection itself. */
    const before = new Int32Array(gains.length).fill(-1);
    for (let round = 0, better = true; better && round < gains.length; round++) {
      better = this.relax(gains, before);
    }
    let [end, most] = [-1, LEAST];
    gains.forEach((gain, truth) => {
      const left = gain - (this.held[truth]?.[truth] ?? 0);
      if (left > most) {
        [end, most] = [truth, left];
      }
    });
    for (let truth = end; truth >= 0; truth = before[truth]) {
      this.held[truth] = before[truth] < 0 ? weights : this.held[before[truth]];
    }
  }

  /** Lengthen paths by one detection; whether any became better. */
  private relax(gains: Float64Array, before: Int32Array): boolean {
    let better = false;
    this.held.forEach((row, truth) => {
      if (!row || gains[truth] === -Infinity) {
        return;
      }
      const moved = gains[truth] - row[truth];
      row.forEach((weight, next) => {
        if (weight > 0 && next !== truth && moved + weight > gains[next] + LEAST) {
          gains[next] = moved + weight;
          before[next] = truth;
          better = true;
        }
      });
    });
    return better;
  }
}
