export interface AdamOptions {
  /** How far one step moves a weight, about. */
  learningRate: number;
  /** Steps over which the rate falls to nothing along half a cosine; constant if not said. */
  steps?: number;
  /** Longest gradient, all parameters together, in the Euclidean norm; longer ones are scaled down to it. */
  longest?: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/**
 * Adam (Kingma and Ba 2014, arXiv:1412.6980, algorithm 1) with bias correction; the decay of the rate is that of
 * Loshchilov and Hutter 2016 (arXiv:1608.03983) without restarts, clipping that of Pascanu et al. 2012 (arXiv:1211.5063).
 */
export class Adam {
  private readonly moments: { first: Float32Array; second: Float32Array }[];
  private taken = 0;

  /** @param sizes values in each parameter */
  constructor(
    sizes: readonly number[],
    private readonly options: AdamOptions
  ) {
    this.moments = sizes.map(size => ({ first: new Float32Array(size), second: new Float32Array(size) }));
  }

  /** The rate of the next step. */
  get rate(): number {
    const { learningRate, steps } = this.options;
    return steps === undefined ? learningRate : (learningRate / 2) * (1 + Math.cos(Math.PI * Math.min(this.taken / steps, 1)));
  }

  /**
   * Move the parameters one step against their gradients, in place.
   * @param norm length of the gradients, which is finite
   */
  step(parameters: readonly Float32Array[], gradients: readonly Float32Array[], norm = normOf(gradients)): void {
    const { rate } = this;
    const { longest = Infinity } = this.options;
    const scale = norm > longest ? longest / norm : 1;
    this.taken += 1;
    const shrink = Math.sqrt(1 - BETA2 ** this.taken);
    const by = (rate * shrink) / (1 - BETA1 ** this.taken);
    parameters.forEach((values, i) => move(values, gradients[i], this.moments[i], scale, by, EPSILON * shrink));
  }

  /** Forget all steps. */
  reset(): void {
    this.taken = 0;
    this.moments.forEach(({ first, second }) => [first, second].forEach(moment => moment.fill(0)));
  }
}

function move(
  values: Float32Array,
  gradient: Float32Array,
  { first, second }: { first: Float32Array; second: Float32Array },
  scale: number,
  by: number,
  epsilon: number
): void {
  for (let i = 0; i < values.length; i++) {
    const slope = scale * gradient[i];
    const mean = BETA1 * first[i] + (1 - BETA1) * slope;
    const square = BETA2 * second[i] + (1 - BETA2) * slope * slope;
    first[i] = mean;
    second[i] = square;
    values[i] -= (by * mean) / (Math.sqrt(square) + epsilon);
  }
}

/** Euclidean length of all gradients together; not finite where one of their values is not. */
export function normOf(gradients: readonly Float32Array[]): number {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) {
      sum += gradient[i] * gradient[i];
    }
  }
  return Math.sqrt(sum);
}
