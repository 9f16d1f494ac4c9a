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
