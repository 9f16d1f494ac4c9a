import { insecureSeededEpsilon } from './epsilon';
import { openArena } from './kernels';

const WORDS = 1 << 16;

describe('the kernel of normal values', () => {
  it('agrees with Box-Muller in float64 for every word, out to 6.66 deviations', async () => {
    const { kernels, regions } = await openArena({ words: 4 * WORDS });
    const words = new Uint32Array(regions.words.memory.buffer, regions.words.at, WORDS);
    insecureSeededEpsilon(1).fill(regions.words.uint8(), new Uint8Array(32));
    // Four radii and four angles take turns: the ends of both ranges, and angles at the borders of the quarters.
    words.set([0, 1, 2, 3, 0, 0x40000000, 0x80000000, 0xc0000000], 0);
    words.set([0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x20000000, 0x1fffffff, 0xffffffff, 0xe0000000], 8);
    const before = words.slice();
    kernels.gaussian(regions.words.at, regions.words.bytes);
    const values = regions.words.float32();
    let [furthest, largest] = [-Infinity, 0];
    for (let block = 0; block < WORDS; block += 8) {
      for (let at = block; at < block + 4; at++) {
        const radius = Math.sqrt(-2 * Math.log((2 * Math.floor(before[at] / 2) + 1) / 2 ** 32));
        const angle = (2 * Math.PI * before[at + 4]) / 2 ** 32;
        // Near radius 0 float32 spaces the uniforms by 2^-24.
        const slack = 1e-5 + (radius < 0.01 ? 5e-4 : 0);
        const error = Math.max(
          Math.abs(values[at] - radius * Math.cos(angle)),
          Math.abs(values[at + 4] - radius * Math.sin(angle))
        );
        furthest = Math.max(furthest, error - slack);
        largest = Math.max(largest, radius);
      }
    }
    expect(furthest).toBeLessThan(0);
    expect(largest).toBeGreaterThan(6.6);
  });
});
