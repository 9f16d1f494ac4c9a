import fc from 'fast-check';
import { loadDetector, type DetectorModel } from '../models';
import { postprocess, selectBest } from './boxes';
import { layPriors } from './priors';

let model: DetectorModel;
let priors: Float32Array;

beforeAll(async () => {
  model = await loadDetector();
  priors = layPriors(model.manifest);
});

/** Heads that say nothing, for tests to write into. */
function heads(): { loc: Float32Array; conf: Float32Array } {
  return { loc: new Float32Array(priors.length), conf: new Float32Array(priors.length / 2) };
}

describe('priors', () => {
  it('are the 21824 of FaceBoxes, in its order', () => {
    expect(priors.length / 4).toBe(21824);
    const pixels = (i: number) => Array.from(priors.subarray(4 * i, 4 * i + 4), value => value * 1024);
    expect(pixels(0)).toEqual([0, 0, 32, 32]);
    expect(pixels(1)).toEqual([8, 0, 32, 32]);
    expect(pixels(4)).toEqual([0, 8, 32, 32]);
    expect(pixels(16)).toEqual([0, 0, 64, 64]);
    expect(pixels(20)).toEqual([16, 16, 128, 128]);
    expect(pixels(21)).toEqual([32, 0, 32, 32]);
    expect(pixels(21504)).toEqual([32, 32, 256, 256]);
    expect(pixels(21824 - 1)).toEqual([960, 960, 512, 512]);
  });
});

describe('box decoding', () => {
  it('applies offsets and variances in pixels of the frame', () => {
    const { loc, conf } = heads();
    const at = 5000;
    loc.set([0.5, -0.25, 0.3, -0.2], 4 * at);
    conf[2 * at + 1] = 0.9;
    const [x, y, w, h] = Array.from(priors.subarray(4 * at, 4 * at + 4));
    const [cx, cy] = [x + 0.5 * 0.1 * w, y - 0.25 * 0.1 * h];
    const [bw, bh] = [w * Math.exp(0.3 * 0.2), h * Math.exp(-0.2 * 0.2)];
    const [box] = postprocess(loc, conf, priors, { width: 1920, height: 1080 }, model.manifest.postprocess);
    expect(box.x1).toBeCloseTo((cx - bw / 2) * 1920, 2);
    expect(box.y1).toBeCloseTo((cy - bh / 2) * 1080, 2);
    expect(box.x2).toBeCloseTo((cx + bw / 2) * 1920, 2);
    expect(box.y2).toBeCloseTo((cy + bh / 2) * 1080, 2);
    expect(box.score).toBeCloseTo(0.9, 6);
  });

  it('clips boxes to the frame and drops those outside it', () => {
    const { loc, conf } = heads();
    conf[1] = 0.9;
    conf[2 * 21 + 1] = 0.8;
    // The first prior stands on the corner; the second is pushed off to the left.
    loc.set([-60, 0, 0, 0], 4 * 21);
    const boxes = postprocess(loc, conf, priors, { width: 1024, height: 1024 }, model.manifest.postprocess);
    expect(boxes).toEqual([{ x1: 0, y1: 0, x2: 16, y2: 16, score: expect.closeTo(0.9, 6) }]);
  });

  it('refuses scores that are not numbers', () => {
    const { loc, conf } = heads();
    conf[4001] = NaN;
    expect(() => postprocess(loc, conf, priors, { width: 9, height: 9 }, model.manifest.postprocess)).toThrow(
      expect.objectContaining({ code: 'bad_tensor' })
    );
  });
});

describe('selection of candidates', () => {
  it('takes the best at or above the cut, in falling order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        (scores, limit) => {
          const conf = Float32Array.from(scores.flatMap(score => [1 - score, score]));
          const expected = scores
            .map((score, i) => ({ score, i }))
            .filter(({ score }) => score >= 0.05)
            .sort((a, b) => b.score - a.score || b.i - a.i)
            .slice(0, limit)
            .map(({ i }) => i);
          expect(Array.from(selectBest(conf, 1, 0.05, limit))).toEqual(expected);
        }
      )
    );
  });
});
