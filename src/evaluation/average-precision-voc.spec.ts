import fc from 'fast-check';
import { Random } from '../numerics/random';
import { averagePrecision, overlap, type ScoredImage, type TruthBox } from './average-precision';

const box = (x: number, y: number, side: number) => ({ x1: x, y1: y, x2: x + side, y2: y + side });

/** Boxes close together: several truths under one detection, ignored ones, detections twice, five scores, empty images. */
function crowd(random: Random): ScoredImage[] {
  const scatter = () => box(random.integer(10) * 2, random.integer(3) * 2, 6 + 2 * random.integer(4));
  const some = <T>(most: number, make: () => T) => Array.from({ length: random.integer(most + 1) }, make);
  const images = Array.from({ length: 5 }, () => {
    const detections = some(8, () => ({ ...scatter(), score: random.integer(5) / 4 }));
    return {
      truth: some(5, (): TruthBox => ({ ...scatter(), ignore: random.integer(5) === 0 })),
      detections: [...detections, ...detections.slice(0, random.integer(3))]
    };
  });
  return [{ truth: [], detections: [] }, ...images, { truth: [box(0, 0, 9)], detections: [] }];
}

/**
 * The steps of PASCAL VOC's development kit (VOCevaldet.m, 2010 and later): one list of all detections, a table of what is
 * taken, recall and precision with sentinels, the envelope, the sum of steps.
 */
function developmentKit(images: readonly ScoredImage[], least: number): number {
  const detections = images.flatMap((image, at) => image.detections.map(detection => ({ at, detection })));
  detections.sort((a, b) => b.detection.score - a.detection.score);
  const taken = images.map(({ truth }) => truth.map(() => false));
  const tp: number[] = [];
  const fp: number[] = [];
  for (const { at, detection } of detections) {
    let [most, nearest] = [-Infinity, -1];
    images[at].truth.forEach((truth, i) => {
      const share = overlap(detection, truth);
      if (share > most) {
        [most, nearest] = [share, i];
      }
    });
    const hit = most >= least;
    const ignored = hit && !!images[at].truth[nearest].ignore;
    const finds = hit && !ignored && !taken[at][nearest];
    if (finds) {
      taken[at][nearest] = true;
    }
    tp.push(finds ? 1 : 0);
    fp.push(finds || ignored ? 0 : 1);
  }
  const positives = images.reduce((count, { truth }) => count + truth.filter(({ ignore }) => !ignore).length, 0);
  const mrec = [0];
  const mpre = [0];
  let [tps, fps] = [0, 0];
  tp.forEach((finds, i) => {
    tps += finds;
    fps += fp[i];
    mrec.push(tps / positives);
    mpre.push(tps + fps === 0 ? 0 : tps / (tps + fps));
  });
  mrec.push(1);
  mpre.push(0);
  for (let i = mpre.length - 2; i >= 0; i--) {
    mpre[i] = Math.max(mpre[i], mpre[i + 1]);
  }
  return mrec.slice(1).reduce((area, recall, i) => area + (recall - mrec[i]) * mpre[i + 1], 0);
}

describe('average precision and the development kit of PASCAL VOC', () => {
  it.each([0.3, 0.5, 1])('agree in crowds, with ties, duplicates, ignored truth and empty images, at an overlap of %d', least =>
    fc.assert(
      fc.property(fc.nat(), seed => {
        const images = crowd(new Random(seed));
        expect(averagePrecision(images, least).ap).toBeCloseTo(developmentKit(images, least), 10);
      }),
      { seed: 20240607, numRuns: 200 }
    )
  );
});
