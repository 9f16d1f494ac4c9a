import fc from 'fast-check';
import { bestClasses } from './classifier';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the best classes', () => {
  it('are five, by falling score, with their labels', () => {
    const scores = Float32Array.of(0.05, 0.4, 0.1, 0.2, 0.15, 0.1);
    const labels = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(bestClasses(scores, labels).map(({ label, index }) => [label, index])).toEqual([
      ['b', 1],
      ['d', 3],
      ['e', 4],
      ['c', 2],
      ['f', 5]
    ]);
    expect(bestClasses(scores)[0]).toEqual({ label: '1', index: 1, score: Math.fround(0.4) });
  });

  it('hold no score that is below one left out', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true, min: 0, max: 1, minLength: 1, maxLength: 40 }), scores => {
        const best = bestClasses(scores);
        expect(best).toHaveLength(Math.min(5, scores.length));
        const least = best.at(-1)!.score;
        const left = scores.filter((_, i) => !best.some(({ index }) => index === i));
        expect(left.every(score => score <= least)).toBe(true);
        expect(best.every(({ index, score }) => scores[index] === score)).toBe(true);
      })
    );
  });

  it('are not made of what is not a number', () => {
    expect(() => bestClasses(Float32Array.of(0.5, NaN))).toThrow(code('bad_tensor'));
  });
});
