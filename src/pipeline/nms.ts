/**
 * Greedy non-maximum suppression: a box stays unless an earlier one that stayed overlaps it by more than `limit`.
 *
 * @param boxes x1, y1, x2, y2 of each, best first
 * @param limit intersection over union, 0..1
 * @param most how many may stay
 * @returns indices of the boxes that stay, best first
 */
export function suppress(boxes: Float32Array, count: number, limit: number, most: number): Int32Array {
  const kept = new Int32Array(Math.min(count, most));
  // Columns of the boxes that stay, so that the inner loop runs over neighbouring memory.
  const left = new Float32Array(kept.length);
  const top = new Float32Array(kept.length);
  const right = new Float32Array(kept.length);
  const bottom = new Float32Array(kept.length);
  const areas = new Float32Array(kept.length);
  let size = 0;
  candidates: for (let i = 0; i < count && size < kept.length; i++) {
    const x1 = boxes[4 * i];
    const y1 = boxes[4 * i + 1];
    const x2 = boxes[4 * i + 2];
    const y2 = boxes[4 * i + 3];
    const area = (x2 - x1) * (y2 - y1);
    for (let k = 0; k < size; k++) {
      const wide = Math.min(x2, right[k]) - Math.max(x1, left[k]);
      if (wide <= 0) {
        continue;
      }
      const high = Math.min(y2, bottom[k]) - Math.max(y1, top[k]);
      if (high <= 0) {
        continue;
      }
      const shared = wide * high;
      if (shared > limit * (area + areas[k] - shared)) {
        continue candidates;
      }
    }
    left[size] = x1;
    top[size] = y1;
    right[size] = x2;
    bottom[size] = y2;
    areas[size] = area;
    kept[size++] = i;
  }
  return kept.subarray(0, size);
}
