/** Float32 values, row-major, and their shape. */
export interface Values {
  data: Float32Array;
  dims: readonly number[];
}

/** Arrays of one shape side by side: [N, ...dims]. */
export function batchOf(arrays: readonly Float32Array[], dims: readonly number[]): Values {
  const size = dims.reduce((product, n) => product * n, 1);
  const data = new Float32Array(arrays.length * size);
  arrays.forEach((values, i) => data.set(values, i * size));
  return { data, dims: [arrays.length, ...dims] };
}
