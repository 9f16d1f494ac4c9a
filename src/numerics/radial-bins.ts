import { type Frequencies } from './frequencies';

/** Frequencies grouped by their distance from 0. */
export interface RadialBins {
  frequencies: Frequencies;
  /** For each of the frequencies its bin. */
  of: Uint8Array;
  /** For each bin how many frequencies of the whole field it holds, conjugates included. */
  counts: Float64Array;
}

/** Upper ends of the bins in cycles per field; what lies beyond the last is one more. The mean, then single rings, then wider ones. */
export const RINGS = [0.5, 1.5, 2.5, 3.5, 5, 7, 10, 14];

/** @param ends ascending; bins that hold no frequency of this field are left out */
export function radialBins(frequencies: Frequencies, ends: readonly number[] = RINGS): RadialBins {
  const rings = Array.from(frequencies.radii, radius => ends.filter(end => radius >= end).length);
  const used = [...new Set(rings)].sort((a, b) => a - b);
  const of = Uint8Array.from(rings, ring => used.indexOf(ring));
  const counts = new Float64Array(used.length);
  of.forEach((bin, i) => (counts[bin] += frequencies.weights[i]));
  return { frequencies, of, counts };
}
