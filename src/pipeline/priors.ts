import type { FaceDetectionManifest } from '../protocol';

/**
 * The anchors in the order of the tail's outputs, in units of the network input (0..1):
 * centre x, centre y, width, height for each; maps, rows, columns, then sizes, y outside x (FaceBoxes, arXiv:1708.05234).
 * @returns [P,4] float32, row-major
 */
export function layPriors({ input, priors }: FaceDetectionManifest): Float32Array {
  const values: number[] = [];
  for (const { step, anchors } of priors) {
    for (let row = 0; row < Math.ceil(input.height / step); row++) {
      for (let column = 0; column < Math.ceil(input.width / step); column++) {
        for (const { size, density } of anchors) {
          for (const dy of offsets(density)) {
            for (const dx of offsets(density)) {
              values.push(
                ((column + dx) * step) / input.width,
                ((row + dy) * step) / input.height,
                size / input.width,
                size / input.height
              );
            }
          }
        }
      }
    }
  }
  return Float32Array.from(values);
}

/** Where anchors stand within a cell: one in the middle, several from its edge in equal steps. */
function offsets(density: number): number[] {
  return density === 1 ? [0.5] : Array.from({ length: density }, (_, i) => i / density);
}
