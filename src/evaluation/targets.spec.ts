import fc from 'fast-check';
import { Random } from '../numerics/random';
import { assemble, cellTargets, disassemble, TARGETS } from './targets';

const CASES = { seed: 20240607, numRuns: 40 };
const cases = fc.record({
  seed: fc.nat(),
  height: fc.integer({ min: 1, max: 4 }),
  width: fc.integer({ min: 1, max: 4 }),
  tall: fc.integer({ min: 1, max: 3 }),
  wide: fc.integer({ min: 1, max: 3 })
});

const frame = (seed: number, width: number, height: number, order: 'rgb' | 'bgr' = 'rgb') => {
  const random = new Random(seed);
  return {
    kind: 'pixels' as const,
    data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)),
    width,
    height,
    order
  };
};

describe('targets of cells', () => {
  it('are the means of 4 x 4 blocks in each, ordered by row, column and red, green, blue', () =>
    fc.assert(
      fc.property(cases, ({ seed, height, width, tall, wide }) => {
        const pixels = frame(seed, width * 4 * wide, height * 4 * tall);
        const targets = cellTargets(pixels, { height, width });
        expect(targets.length).toBe(TARGETS * height * width);
        const random = new Random(seed, 1);
        const [row, column, channel, y, x] = [4, 4, 3, height, width].map(below => random.integer(below));
        let sum = 0;
        for (let dy = 0; dy < tall; dy++) {
          for (let dx = 0; dx < wide; dx++) {
            const at = ((4 * y + row) * tall + dy) * pixels.width + (4 * x + column) * wide + dx;
            sum += pixels.data[3 * at + channel];
          }
        }
        const target = ((row * 4 + column) * 3 + channel) * height * width + y * width + x;
        expect(targets[target]).toBeCloseTo(sum / (255 * tall * wide), 6);
      }),
      CASES
    ));

  it('are the same for a frame in the other channel order', () => {
    const pixels = frame(3, 16, 8);
    const data = pixels.data.map((_, i) => pixels.data[i - (i % 3) + 2 - (i % 3)]);
    const cells = { height: 1, width: 2 };
    expect(cellTargets({ ...pixels, data, order: 'bgr' }, cells)).toEqual(cellTargets(pixels, cells));
  });

  it('make a picture, which makes them again', () =>
    fc.assert(
      fc.property(cases, ({ seed, height, width }) => {
        const field = new Random(seed).normals(TARGETS * height * width);
        const picture = assemble(field, { height, width });
        expect([picture.width, picture.height]).toEqual([4 * width, 4 * height]);
        expect(disassemble(picture)).toEqual(field);
      }),
      CASES
    ));

  it('of a frame of 4 x 4 pixels a cell make that frame', () => {
    const pixels = frame(5, 12, 8);
    const { rgb } = assemble(cellTargets(pixels, { height: 2, width: 3 }), { height: 2, width: 3 });
    expect(rgb).toEqual(Float32Array.from(pixels.data, value => value / 255));
  });

  it('are refused where frame or field does not fit', () => {
    expect(() => cellTargets(frame(1, 18, 16), { height: 2, width: 2 })).toThrow('18 x 16 pixels does not fall into 2 x 2 cells');
    expect(() => assemble(new Float32Array(47), { height: 1, width: 1 })).toThrow('47 values is not 48 x 1 x 1');
  });
});
