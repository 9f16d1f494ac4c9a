import { type Matrix } from '../numerics/symmetric';
import { type WireTensor } from '../protocol';
import { type ArtefactContent, type ArtefactStatistics } from './artefact-content';
import { elements } from './onnx/tensors';

/** The sizes that every tensor of a learned obfuscation follows from. */
export interface ArtefactSizes {
  /** Channels, height, width of the activation. */
  shape: readonly [number, number, number];
  targets: number;
  bins: number;
  knots: number;
}

/** What is read at once: statistics, and the noise per knot and bin as packed symmetric matrices. */
export interface ArtefactTensors {
  statistics: ArtefactStatistics;
  noise: Float32Array;
}

/** Values of a symmetric matrix [n,n] that its lower triangle holds. */
export const triangle = (n: number): number => (n * (n + 1)) / 2;

/** The lower triangles of symmetric matrices [n,n], row by row, one after the other. */
export function pack(matrices: readonly Matrix[], n: number): Float32Array {
  const packed = new Float32Array(matrices.length * triangle(n));
  let at = 0;
  for (const matrix of matrices) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        packed[at++] = matrix[i * n + j];
      }
    }
  }
  return packed;
}

/** The symmetric matrix [n,n] number `index` of those that `pack` packed. */
export function unpack(packed: Float32Array, n: number, index: number): Matrix {
  const matrix = new Float64Array(n * n);
  let at = index * triangle(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      matrix[i * n + j] = matrix[j * n + i] = packed[at++];
    }
  }
  return matrix;
}

/** The shapes of the tensors in `obfuscation.safetensors`, all F32; symmetric matrices are packed. */
function shapesOf({ shape: [channels, height, width], targets, bins, knots }: ArtefactSizes) {
  return {
    activation_mean: [channels, height, width],
    activation_low: [channels],
    activation_high: [channels],
    target_mean: [targets, height, width],
    aa: [bins, triangle(channels)],
    ay: [bins, channels, targets],
    yy: [bins, triangle(targets)],
    noise: [knots, bins, triangle(channels)]
  };
}

type TensorName = keyof ReturnType<typeof shapesOf>;

/** @throws RangeError when a tensor is not of its size */
export function toTensors(content: ArtefactContent, sizes: ArtefactSizes): Record<string, WireTensor> {
  const { shape, targets } = sizes;
  const data: Record<TensorName, Float32Array> = {
    activation_mean: content.activation_mean,
    activation_low: content.activation_low,
    activation_high: content.activation_high,
    target_mean: content.target_mean,
    aa: pack(content.aa, shape[0]),
    ay: Float32Array.from(content.ay.flatMap(matrix => [...matrix])),
    yy: pack(content.yy, targets),
    noise: pack(content.noise.flat(), shape[0])
  };
  const shapes = shapesOf(sizes);
  const named = (Object.keys(shapes) as TensorName[]).map(name => {
    if (data[name].length !== elements(shapes[name]) || !data[name].every(Number.isFinite)) {
      throw new RangeError(`${name} is not [${shapes[name]}] of finite numbers`);
    }
    return [name, { data: data[name], shape: shapes[name] }] as const;
  });
  return Object.fromEntries(named);
}

/** @throws RangeError naming the tensor that is not there, not of its shape, or holds a value that is not finite */
export function fromTensors(tensors: Record<string, WireTensor>, sizes: ArtefactSizes): ArtefactTensors {
  const shapes = shapesOf(sizes);
  const read = (name: TensorName): Float32Array => {
    const { data, shape } = tensors[name] ?? {};
    if (!(data instanceof Float32Array) || shape.join() !== shapes[name].join()) {
      throw new RangeError(`it has no ${name} [${shapes[name]}]`);
    }
    if (!data.every(Number.isFinite)) {
      throw new RangeError(`${name} holds a value that is not a finite number`);
    }
    // Not a view: the whole file would be copied with it.
    return data.slice();
  };
  const bins = Array.from({ length: sizes.bins }, (_, bin) => bin);
  const [aa, ay, yy] = [read('aa'), read('ay'), read('yy')];
  const [channels] = sizes.shape;
  const size = channels * sizes.targets;
  return {
    statistics: {
      activation_mean: read('activation_mean'),
      activation_low: read('activation_low'),
      activation_high: read('activation_high'),
      target_mean: read('target_mean'),
      aa: bins.map(bin => unpack(aa, channels, bin)),
      ay: bins.map(bin => Float64Array.from(ay.subarray(bin * size, (bin + 1) * size))),
      yy: bins.map(bin => unpack(yy, sizes.targets, bin))
    },
    noise: read('noise')
  };
}
