import fc from 'fast-check';
import { suppress } from './nms';

type Box = [x1: number, y1: number, x2: number, y2: number];

function overlap(a: Box, b: Box): number {
  const wide = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const high = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return (wide * high) / (area(a) + area(b) - wide * high);
}

const boxes = fc.array(
  fc
    .tuple(fc.nat(200), fc.nat(200), fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }))
    .map(([x, y, w, h]): Box => [x, y, x + w, y + h]),
  { maxLength: 120 }
);

describe('non-maximum suppression', () => {
  it('keeps what the plain definition keeps', () => {
    fc.assert(
      fc.property(boxes, fc.integer({ min: 1, max: 60 }), (list, most) => {
        const expected: number[] = [];
        list.forEach((box, i) => {
          if (expected.length < most && expected.every(k => overlap(box, list[k]) <= 0.3)) {
            expected.push(i);
          }
        });
        expect(Array.from(suppress(Float32Array.from(list.flat()), list.length, 0.3, most))).toEqual(expected);
      })
    );
  });
});
