import { type Picture } from '../evaluation';

/** A window's side and deviation, and the constants of Wang et al. for values in 0…1. */
const SIDE = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

/** Of the scales from the finest on; fewer, in proportion, where the picture ends before. */
const SCALES = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

interface Plane {
  values: Float64Array;
  width: number;
  height: number;
}

/** A plane, and means and mean squares of its windows. */
interface Windowed extends Plane {
  mean: Float64Array;
  square: Float64Array;
}

/** One picture that many estimates are held against. */
export class Original {
  private readonly colours: Windowed[];
  private readonly scales: Windowed[];

  /** @param picture values in 0…1, at least 11 pixels on each side */
  constructor(picture: Picture) {
    this.colours = planes(picture).map(windowed);
    this.scales = pyramid(luma(picture)).map(windowed);
  }

  /** As `ssim` of src/evaluation: the mean over windows and colours. */
  ssim(estimate: Picture): number {
    const found = planes(estimate).map((plane, c) => compare(this.colours[c], plane).ssim);
    return found.reduce((sum, value) => sum + value, 0) / found.length;
  }

  /**
   * Multi-scale structural similarity (Wang, Simoncelli and Bovik, Multi-scale structural similarity for image quality
   * assessment, Asilomar 2003) of the brightness: contrast and structure at each scale, luminance at the coarsest one that
   * holds a window; weights of the scales there are, scaled to sum to 1. A scale without likeness counts as 0.
   */
  msSsim(estimate: Picture): number {
    const levels = pyramid(luma(estimate)).map((plane, scale) => compare(this.scales[scale], plane));
    const whole = SCALES.slice(0, levels.length).reduce((sum, weight) => sum + weight, 0);
    return levels.reduce((product, { ssim, structure }, scale) => {
      const likeness = scale === levels.length - 1 ? ssim : structure;
      return product * Math.max(likeness, 0) ** (SCALES[scale] / whole);
    }, 1);
  }
}

function compare(a: Windowed, b: Plane): { ssim: number; structure: number } {
  const [mean, square] = [windowMeans(b), windowMeans(b, b)];
  const product = windowMeans(a, b);
  let [ssim, structure] = [0, 0];
  for (let i = 0; i < mean.length; i++) {
    const [mA, mB] = [a.mean[i], mean[i]];
    const spread = a.square[i] - mA * mA + (square[i] - mB * mB);
    const alike = (2 * (product[i] - mA * mB) + C2) / (spread + C2);
    structure += alike;
    ssim += (alike * (2 * mA * mB + C1)) / (mA * mA + mB * mB + C1);
  }
  return { ssim: ssim / mean.length, structure: structure / mean.length };
}

function windowed(plane: Plane): Windowed {
  return { ...plane, mean: windowMeans(plane), square: windowMeans(plane, plane) };
}

/** Weighted means of every window within the plane, or of its products with another: rows first, then columns. */
function windowMeans({ values, width, height }: Plane, other?: Plane): Float64Array {
  const source = other ? values.map((value, i) => value * other.values[i]) : values;
  const [columns, rows] = [width - SIDE + 1, height - SIDE + 1];
  const across = new Float64Array(columns * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, from = y * width; x < columns; x++, at++, from++) {
      across[at] = weighted(source, from, 1);
    }
  }
  const means = new Float64Array(columns * rows);
  for (let at = 0; at < means.length; at++) {
    means[at] = weighted(across, at, columns);
  }
  return means;
}

const [EDGE, W1, W2, W3, W4, MIDDLE] = gaussian();

/** A window is symmetric; written out, since everything here is spent in this line. */
function weighted(v: Float64Array, at: number, step: number): number {
  return (
    EDGE * (v[at] + v[at + 10 * step]) +
    W1 * (v[at + step] + v[at + 9 * step]) +
    W2 * (v[at + 2 * step] + v[at + 8 * step]) +
    W3 * (v[at + 3 * step] + v[at + 7 * step]) +
    W4 * (v[at + 4 * step] + v[at + 6 * step]) +
    MIDDLE * v[at + 5 * step]
  );
}

function gaussian(): number[] {
  const weights = Array.from({ length: SIDE }, (_, i) => Math.exp(-((i - (SIDE - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map(weight => weight / sum);
}

function planes({ rgb, width, height }: Picture): Plane[] {
  return [0, 1, 2].map(c => {
    const values = new Float64Array(width * height);
    for (let i = 0; i < values.length; i++) {
      values[i] = rgb[3 * i + c];
    }
    return { values, width, height };
  });
}

/** Rec. 601. */
function luma({ rgb, width, height }: Picture): Plane {
  const values = new Float64Array(width * height);
  for (let i = 0; i < values.length; i++) {
    values[i] = 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2];
  }
  return { values, width, height };
}

/** The plane and its halves, as long as they hold a window. */
function pyramid(finest: Plane): Plane[] {
  const levels = [finest];
  while (levels.length < SCALES.length && Math.min(levels.at(-1)!.width, levels.at(-1)!.height) >= 2 * SIDE) {
    levels.push(halved(levels.at(-1)!));
  }
  return levels;
}

/** Means of 2 x 2 pixels. */
function halved({ values, width, height }: Plane): Plane {
  const [w, h] = [Math.floor(width / 2), Math.floor(height / 2)];
  const half = new Float64Array(w * h);
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++, at++) {
      const from = 2 * y * width + 2 * x;
      half[at] = (values[from] + values[from + 1] + values[from + width] + values[from + width + 1]) / 4;
    }
  }
  return { values: half, width: w, height: h };
}
