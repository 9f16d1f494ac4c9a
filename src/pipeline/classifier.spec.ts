import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { DIGITS, digitPictures, type DigitPicture } from '../../test/models/digits';
import { modelWithArtefact } from '../../test/support/artefact';
import { loadModel } from '../models';
import type { RunOptions } from '../protocol';
import { bestClasses } from './classifier';
import { Detector } from './detector';

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

describe('a classifier goes the way of a detector', () => {
  const context = { device: 'cpu', notices: [], checkpoint: () => undefined };
  let dir: string;
  let digits: Detector;
  let pictures: DigitPicture[];

  beforeAll(async () => {
    dir = await modelWithArtefact(undefined, DIGITS);
    digits = await Detector.open(await loadModel(dir), { kind: 'cpu', index: 0 }, 1);
    pictures = await digitPictures(120);
  });
  afterAll(async () => {
    await digits.release();
    rmSync(dirname(dir), { recursive: true });
  });

  const run = ({ data, width, height }: DigitPicture, options: RunOptions, pictures: ('annotated' | 'reconstruction')[] = []) => {
    const frame = { kind: 'pixels' as const, data: data.slice(), width, height, order: 'rgb' as const };
    return digits.detect({ image: 'a digit', frame, options, pictures, activation: true }, context);
  };

  it('clean, and finds classes instead of boxes', async () => {
    const { result } = await run(pictures[0], { mode: 'clean' });
    expect(result).toMatchObject({ mode: 'clean', detections: [], threshold: 0, private: false, model: { name: 'digits' } });
    expect(result.classes).toHaveLength(5);
    expect(result.classes?.[0]).toMatchObject({ label: 'two', index: 2 });
  });

  it('and is right about nineteen of twenty digits', async () => {
    let right = 0;
    for (const picture of pictures) {
      right += (await run(picture, { mode: 'clean' })).result.classes?.[0].index === picture.label ? 1 : 0;
    }
    expect(right / pictures.length).toBeGreaterThan(0.95);
  });

  it('and through the same noise, fresh for each picture', async () => {
    const noisy: RunOptions = { mode: 'noisy', alpha: 0.3 };
    const [one, other] = [await run(pictures[0], noisy), await run(pictures[1], noisy)];
    expect(one.result).toMatchObject({ alpha: 0.3, private: true, artefact: { kind: 'stationary-gaussian' } });
    expect(one.activation?.shape).toEqual([1, 16, 16, 16]);
    expect(one.activation?.data).not.toEqual(other.activation?.data);
    expect(one.activation?.data).not.toEqual((await run(pictures[0], { mode: 'clean' })).activation?.data);
  });

  it('with pictures: the frame as it is, and what an attacker makes of the activation', async () => {
    const made = (await run(pictures[0], { mode: 'noisy', alpha: 0.9 }, ['annotated', 'reconstruction'])).pictures;
    expect(made.annotated).toMatchObject({ width: 64, height: 64 });
    expect(made.reconstruction?.attacker).toBeDefined();
  });

  it('stage by stage, where its tail gives scores and post-processing has no boxes to give', async () => {
    const { data, width, height } = pictures[0];
    const frame = { kind: 'pixels' as const, data: data.slice(), width, height, order: 'rgb' as const };
    const answer = await digits.forwardTail(await digits.forwardHead(frame, context.checkpoint));
    expect(Object.keys(answer)).toEqual(['scores']);
    expect(answer.scores.shape).toEqual([1, 10]);
    expect(digits.postprocess(answer, { width, height, threshold: 0 })).toEqual([]);
    expect(() => digits.postprocess({}, { width, height, threshold: 0 })).toThrow(code('bad_tensor'));
  });
});
