import type { Detection } from '../protocol';
import type { Pixels } from './raster';

/** The red of the report's rectangles, (0, 0, 255) in its BGR frames. */
const RED = [255, 0, 0] as const;
/** The report draws lines of 4 pixels; in a frame of this side they are that, elsewhere in proportion. */
const REFERENCE_SIDE = 1920;
const REFERENCE_LINE = 4;
const THINNEST = 2;

/** Line width, in pixels, that can be seen in a frame of this size. */
export function lineWidth(width: number, height: number): number {
  return Math.max(THINNEST, Math.round((REFERENCE_LINE * Math.max(width, height)) / REFERENCE_SIDE));
}

/** Draw the outlines of boxes (pixels of this frame) into its pixels, in place; what lies outside is left out. */
export function drawBoxes(frame: Pixels, boxes: readonly Detection[]): void {
  const line = lineWidth(frame.width, frame.height);
  const before = Math.floor(line / 2);
  for (const box of boxes) {
    const left = Math.trunc(box.x1) - before;
    const top = Math.trunc(box.y1) - before;
    const right = Math.trunc(box.x2) - before;
    const bottom = Math.trunc(box.y2) - before;
    fill(frame, left, top, right + line, top + line);
    fill(frame, left, bottom, right + line, bottom + line);
    fill(frame, left, top, left + line, bottom + line);
    fill(frame, right, top, right + line, bottom + line);
  }
}

function fill({ data, width, height, order }: Pixels, x1: number, y1: number, x2: number, y2: number): void {
  const [first, second, third] = order === 'rgb' ? RED : [...RED].reverse();
  const from = Math.max(x1, 0);
  const to = Math.min(x2, width);
  for (let y = Math.max(y1, 0); y < Math.min(y2, height); y++) {
    for (let at = 3 * (y * width + from); at < 3 * (y * width + to); at += 3) {
      data[at] = first;
      data[at + 1] = second;
      data[at + 2] = third;
    }
  }
}
