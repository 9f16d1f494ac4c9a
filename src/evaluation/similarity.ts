import { type Picture } from './targets';

/** A window's weights, its side and the constants of Wang et al. for values in 0…1. */
const SIDE = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;

/**
 * Peak signal-to-noise ratio of pictures with values in 0…1, decibels: 10 log10(1 / mean squared error); infinite for equal
 * ones.
 * @throws RangeError for pictures of different sizes
 */
export function psnr(a: Picture, b: Picture): number {
  checkSizes(a, b);
  return 10 * Math.log10(a.rgb.length / a.rgb.reduce((sum, value, i) => sum + (value - b.rgb[i]) ** 2, 0));
}

/**
 * Structural similarity (Wang, Bovik, Sheikh and Simoncelli, Image quality assessment, IEEE TIP 13(4), 2004) of pictures
 * with values in 0…1: Gaussian windows of 11 x 11 pixels, deviation 1.5, that lie within the picture; K1 = 0.01,
 * K2 = 0.03; the mean over windows and over red, green and blue. -1…1, 1 for equal pictures.
 * @throws RangeError for pictures of different sizes or smaller than a window
 */
export function ssim(a: Picture, b: Picture): number {
  checkSizes(a, b);
  if (Math.min(a.width, a.height) < SIDE) {
    throw new RangeError(`Pictures of ${a.width} x ${a.height} pixels are smaller than a window of ${SIDE} x ${SIDE}.`);
  }
  const average = (value: (i: number) => number) =>
    windowMeans(
      Float64Array.from(a.rgb, (_, i) => value(i)),
      a.width,
      a.height
    );
  const [meanA, meanB] = [average(i => a.rgb[i]), average(i => b.rgb[i])];
  const [squareA, squareB] = [average(i => a.rgb[i] ** 2), average(i => b.rgb[i] ** 2)];
  const product = average(i => a.rgb[i] * b.rgb[i]);
  const sum = meanA.reduce((total, mA, i) => {
    const mB = meanB[i];
    const [varianceA, varianceB, covariance] = [squareA[i] - mA * mA, squareB[i] - mB * mB, product[i] - mA * mB];
    const luminance = (2 * mA * mB + C1) / (mA * mA + mB * mB + C1);
    return total + (luminance * (2 * covariance + C2)) / (varianceA + varianceB + C2);
  }, 0);
  return sum / meanA.length;
}

/** Weighted means of every window within the picture, per channel: the window is a product, so rows first, then columns. */
function windowMeans(values: Float64Array, width: number, height: number): Float64Array {
  const [rows, columns] = [height - SIDE + 1, width - SIDE + 1];
  const between = new Float64Array(3 * columns * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let i = 0; i < 3 * columns; i++, at++) {
      between[at] = weighted(values, 3 * width * y + i, 3);
    }
  }
  return Float64Array.from({ length: 3 * columns * rows }, (_, i) => weighted(between, i, 3 * columns));
}

const WEIGHTS = gaussian();

function gaussian(): Float64Array {
  const weights = Float64Array.from({ length: SIDE }, (_, i) => Math.exp(-((i - (SIDE - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map(weight => weight / sum);
}

function weighted(values: Float64Array, first: number, stride: number): number {
  let sum = 0;
  for (let k = 0; k < SIDE; k++) {
    sum += WEIGHTS[k] * values[first + k * stride];
  }
  return sum;
}

function checkSizes(a: Picture, b: Picture): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height} pixels cannot be compared.`);
  }
}
