import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { averagePrecision, type ScoredImage } from '../../src/evaluation';
import { Random } from '../../src/numerics/random';

const root = resolve(__dirname, '..', '..');
const python = join(root, '.venv', 'bin', 'python');
const here = spawnSync(python, ['-c', 'import pycocotools.cocoeval']).status === 0;

/** COCO's own program; without it the tests say why they were skipped. */
const parity = here ? describe : describe.skip;

const SCENES = 300;

const box = (x: number, y: number, wide: number, high: number) => ({ x1: x, y1: y, x2: x + wide, y2: y + high });

/**
 * Truth that stands apart, so that no detection overlaps two of it and both definitions match alike; detections near it and
 * far from it, some of them twice, with few different scores; images without either. Whole pixels, so that an overlap of
 * exactly one half occurs and is the same number in both programs.
 */
function scene(random: Random): ScoredImage[] {
  const images = Array.from({ length: 1 + random.integer(8) }, () => {
    const truth = Array.from({ length: random.integer(5) }, (_, i) =>
      box(100 * i, 0, 10 + random.integer(20), 10 + random.integer(20))
    );
    const detections = Array.from({ length: random.integer(9) }, () => {
      const near = truth[random.integer(truth.length + 1)];
      const { x1, y1, x2, y2 } = near ?? box(50 + 100 * random.integer(5), 60, 20, 20);
      const [dx, dy] = [random.integer(3) * 5, random.integer(3) * 2];
      const score = random.integer(6) / 8;
      return random.integer(4) === 0
        ? { ...box(x1, y1, Math.ceil((x2 - x1) / 2), y2 - y1), score }
        : { ...box(x1 + dx, y1 + dy, x2 - x1, y2 - y1), score };
    });
    return { truth, detections: [...detections, ...detections.slice(0, random.integer(3))] };
  });
  return [...images, { truth: [box(0, 0, 10, 10)], detections: [] }];
}

parity(`average precision and pycocotools${here ? '' : ' (skipped: .venv has no pycocotools)'}`, () => {
  it('agree to 1e-6 where the definitions coincide, with ties, duplicates and empty images', () => {
    const random = new Random(20240607);
    const scenes = Array.from({ length: SCENES }, () => scene(random));
    const { stdout, stderr, status } = spawnSync(python, [join(__dirname, 'coco_reference.py')], {
      input: JSON.stringify(scenes),
      encoding: 'utf8',
      maxBuffer: 1 << 28
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const theirs: number[] = JSON.parse(stdout);
    const apart = scenes.map((images, i) => Math.abs(averagePrecision(images).ap - theirs[i]));
    expect(new Set(theirs).size).toBeGreaterThan(SCENES / 2);
    expect(Math.max(...apart)).toBeLessThan(1e-6);
  });
});
