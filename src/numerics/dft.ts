/**
 * Half of the spatial frequencies of an H x W field: u = 0…H-1, v = 0…floor(W/2), in this order. A real field's spectrum
 * at the others is the conjugate of that at (H-u, W-v).
 */
export interface Frequencies {
  height: number;
  width: number;
  /** Columns kept: floor(W/2) + 1. */
  columns: number;
  /** For each: 2 where its conjugate is left out, otherwise 1; they sum to H W. */
  weights: Float64Array;
  /** For each: distance from frequency 0 on the torus, in cycles per field of the larger side. */
  radii: Float64Array;
}

export function frequenciesOf(height: number, width: number): Frequencies {
  const columns = Math.floor(width / 2) + 1;
  const side = Math.max(height, width);
  const places = Array.from({ length: height * columns }, (_, i) => [Math.floor(i / columns), i % columns]);
  return {
    height,
    width,
    columns,
    weights: Float64Array.from(places, ([, v]) => (v === 0 || 2 * v === width ? 1 : 2)),
    radii: Float64Array.from(places, ([u, v]) => Math.hypot((Math.min(u, height - u) * side) / height, (v * side) / width))
  };
}

/**
 * The unitary discrete Fourier transform of real fields, sum over x of a(x) exp(-2 pi i f x) / sqrt(H W), so that white
 * noise of variance s has the spectral density s at every frequency.
 */
export class Fourier {
  readonly frequencies: Frequencies;
  private readonly rows: Waves;
  private readonly tall: Waves;
  private readonly between: Float64Array;

  constructor(height: number, width: number) {
    this.frequencies = frequenciesOf(height, width);
    this.rows = new Waves(width);
    this.tall = new Waves(height);
    this.between = new Float64Array(2 * height * this.frequencies.columns);
  }

  /**
   * @param field H x W values, row-major
   * @param re @param im one value per frequency, written from `offset` on in steps of `stride`
   */
  transform(field: ArrayLike<number>, re: Float64Array, im: Float64Array, offset = 0, stride = 1): void {
    const { height, width, columns } = this.frequencies;
    const { between, rows, tall } = this;
    for (let y = 0; y < height; y++) {
      for (let v = 0; v < columns; v++) {
        let cos = 0;
        let sin = 0;
        for (let x = 0, turn = 0; x < width; x++, turn = (turn + v) % width) {
          const value = field[y * width + x];
          cos += value * rows.cos[turn];
          sin += value * rows.sin[turn];
        }
        between[2 * (y * columns + v)] = cos;
        between[2 * (y * columns + v) + 1] = -sin;
      }
    }
    const scale = 1 / Math.sqrt(height * width);
    for (let u = 0; u < height; u++) {
      for (let v = 0; v < columns; v++) {
        let real = 0;
        let imaginary = 0;
        for (let y = 0, turn = 0; y < height; y++, turn = (turn + u) % height) {
          const at = 2 * (y * columns + v);
          real += between[at] * tall.cos[turn] + between[at + 1] * tall.sin[turn];
          imaginary += between[at + 1] * tall.cos[turn] - between[at] * tall.sin[turn];
        }
        re[offset + (u * columns + v) * stride] = scale * real;
        im[offset + (u * columns + v) * stride] = scale * imaginary;
      }
    }
  }
}

/** Cosine and sine of whole parts of a turn. */
class Waves {
  readonly cos: Float64Array;
  readonly sin: Float64Array;

  constructor(parts: number) {
    this.cos = Float64Array.from({ length: parts }, (_, k) => Math.cos((2 * Math.PI * k) / parts));
    this.sin = Float64Array.from({ length: parts }, (_, k) => Math.sin((2 * Math.PI * k) / parts));
  }
}
