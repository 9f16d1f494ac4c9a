import { drawBoxes, lineWidth } from './annotate';
import type { Pixels } from './raster';

const black = (width: number, height: number, order: 'rgb' | 'bgr' = 'rgb'): Pixels => ({
  kind: 'pixels',
  data: new Uint8Array(width * height * 3),
  width,
  height,
  order
});
const pixel = ({ data, width }: Pixels, x: number, y: number) =>
  Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));

describe('annotation', () => {
  it('draws lines of the width of the report in a 1080p frame, and visible ones in others', () => {
    expect(lineWidth(1920, 1080)).toBe(4);
    expect(lineWidth(3840, 2160)).toBe(8);
    expect(lineWidth(200, 100)).toBe(2);
  });

  it.each(['rgb', 'bgr'] as const)('outlines a box in red and leaves its inside alone, %s', order => {
    const frame = black(100, 80, order);
    drawBoxes(frame, [{ x1: 20.7, y1: 10.2, x2: 60, y2: 50, score: 1 }]);
    const red = order === 'rgb' ? [255, 0, 0] : [0, 0, 255];
    for (const [x, y] of [
      [20, 10],
      [60, 50],
      [40, 10],
      [20, 30],
      [60, 30],
      [40, 50]
    ]) {
      expect(pixel(frame, x, y)).toEqual(red);
    }
    expect(pixel(frame, 40, 30)).toEqual([0, 0, 0]);
    expect(pixel(frame, 15, 30)).toEqual([0, 0, 0]);
  });

  it('survives boxes at and beyond the edges', () => {
    const frame = black(10, 10);
    drawBoxes(frame, [
      { x1: -50, y1: -50, x2: 60, y2: 60, score: 1 },
      { x1: 0, y1: 0, x2: 10, y2: 10, score: 1 }
    ]);
    expect(pixel(frame, 0, 5)).toEqual([255, 0, 0]);
    expect(pixel(frame, 9, 5)).toEqual([255, 0, 0]);
    expect(pixel(frame, 5, 5)).toEqual([0, 0, 0]);
  });
});
