import { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';
import { assemble, checkField, type Field, type Picture } from './targets';

/** Sums of squares over one image: what an estimate leaves, and what there was around the mean of other images. */
export interface SquaredError {
  error: number;
  spread: number;
}

/**
 * The mean of each position over images, in float64.
 * @param fields of the images an attacker learns from, never of those it is judged on
 * @throws RangeError without fields, or for fields of different lengths
 */
export function meanField(fields: Iterable<Float32Array>): Float32Array {
  let [sum, count] = [null as Float64Array | null, 0];
  for (const field of fields) {
    sum ??= new Float64Array(field.length);
    checkLength(field, sum.length);
    for (let i = 0; i < sum.length; i++) {
      sum[i] += field[i];
    }
    count++;
  }
  if (!sum) {
    throw new RangeError('There are no fields to take the mean of.');
  }
  return Float32Array.from(sum, value => value / count);
}

/**
 * How far an estimate is from the image.
 * @param truth @param estimate @param mean values of the same positions, on the same scale; `mean` by `meanField`
 * @throws RangeError for different lengths or an estimate that is not finite
 */
export function squaredError(truth: Float32Array, estimate: Float32Array, mean: Float32Array): SquaredError {
  checkLength(estimate, truth.length);
  checkLength(mean, truth.length);
  let [error, spread] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    error += (truth[i] - estimate[i]) ** 2;
    spread += (truth[i] - mean[i]) ** 2;
  }
  if (!Number.isFinite(error)) {
    throw new RangeError('The estimate holds values that are not finite.');
  }
  return { error, spread };
}

/**
 * The same of image detail: of the differences between horizontal and vertical neighbours in the reassembled pictures.
 * Variance is mostly slow brightness; what tells people apart is in these.
 * @param truth @param estimate @param mean [48,H,W]
 */
export function detailError(truth: Float32Array, estimate: Float32Array, mean: Float32Array, cells: Field): SquaredError {
  return squaredError(gradients(truth, cells), gradients(estimate, cells), gradients(mean, cells));
}

/**
 * Pooled R2: the share of the images' variance around the mean that estimates recover, 1 - sum of errors / sum of spreads.
 * 1 for the images themselves, 0 for the mean, below 0 for what is worse than the mean.
 * @throws RangeError without images, or when they do not vary
 */
export function pooledR2(errors: readonly SquaredError[]): number {
  const r2 = resampledR2(errors, null);
  if (Number.isNaN(r2)) {
    throw new RangeError('There is no variance to recover.');
  }
  return r2;
}

/** 95 % interval of `pooledR2` by bootstrap over images. */
export function pooledR2Interval(errors: readonly SquaredError[], options?: BootstrapOptions): Interval {
  return bootstrapInterval(errors.length, times => resampledR2(errors, times), options);
}

/**
 * 95 % interval of a function of several R2, ALPHA = 1 - noisy / clean for one, on the same resamples of images.
 * @param several for each R2 the errors on all images, in the same order of images
 */
export function pairedR2Interval(
  several: readonly (readonly SquaredError[])[],
  of: (...r2: number[]) => number,
  options?: BootstrapOptions
): Interval {
  const [count] = several.map(errors => errors.length);
  if (several.some(errors => errors.length !== count)) {
    throw new RangeError(`Errors on ${several.map(errors => errors.length).join(', ')} images cannot be paired.`);
  }
  return bootstrapInterval(count, times => of(...several.map(errors => resampledR2(errors, times))), options);
}

function resampledR2(errors: readonly SquaredError[], times: Uint32Array | null): number {
  let [error, spread] = [0, 0];
  errors.forEach((image, i) => {
    error += (times ? times[i] : 1) * image.error;
    spread += (times ? times[i] : 1) * image.spread;
  });
  return spread > 0 ? 1 - error / spread : NaN;
}

/** Differences to the right and lower neighbour, of all three channels, one after another. */
function gradients(field: Float32Array, cells: Field): Float32Array {
  checkField(field, cells);
  const { width, height, rgb }: Picture = assemble(field, cells);
  const across = 3 * (width - 1) * height;
  const differences = new Float32Array(across + 3 * width * (height - 1));
  let at = 0;
  for (let i = 0; i < rgb.length; i++) {
    if (i % (3 * width) < 3 * (width - 1)) {
      differences[at++] = rgb[i + 3] - rgb[i];
    }
  }
  for (let i = 0; i < 3 * width * (height - 1); i++) {
    differences[at++] = rgb[i + 3 * width] - rgb[i];
  }
  return differences;
}

function checkLength(field: Float32Array, length: number): void {
  if (field.length !== length) {
    throw new RangeError(`Fields of ${field.length} and ${length} values cannot be compared.`);
  }
}
