import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadDetector, loadModel } from '../../src/models';
import { decodeImage } from '../../src/pipeline/codec';
import { Detector } from '../../src/pipeline/detector';
import { openArena } from '../../src/pipeline/kernels';
import { Preprocessor, preprocessSizes } from '../../src/pipeline/preprocess';
import type { Detection } from '../../src/protocol';

const root = resolve(__dirname, '..', '..');
const shared = join(root, '..', 'shared');
const photographs = join(shared, 'data', 'faces', 'val', 'originalPics');
const script = join(__dirname, 'reference.py');
const python = '/usr/bin/python3';

const missing = !existsSync(photographs)
  ? `no photographs at ${photographs}`
  : spawnSync(python, ['-c', 'import cv2, torch']).status !== 0
    ? `${python} has no cv2 and torch`
    : undefined;

/** Against OpenCV and PyTorch running the same files; without them the tests say why they were skipped. */
const parity = missing ? describe.skip : describe;

parity(`parity with OpenCV and PyTorch${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const images = missing
    ? []
    : readdirSync(photographs, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.jpg'))
        .sort()
        .slice(0, 20)
        .map(name => join(photographs, name));
  const run = (...args: string[]) => execFileSync(python, [script, ...args, ...images], { maxBuffer: 1 << 28, encoding: 'utf8' });

  it('resizes to the grey level of cv2.INTER_LINEAR', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'veilbook-parity-'));
    const file = join(folder, 'resized');
    run('resize', file);
    const expected = readFileSync(file);
    rmSync(folder, { recursive: true });
    const { input } = (await loadModel()).manifest;
    const settings = { ...input, channel_order: 'rgb' as const, mean: [0, 0, 0] as [number, number, number] };
    const arena = await openArena(preprocessSizes(settings));
    const preprocessor = new Preprocessor(arena, settings);
    const plane = input.width * input.height;
    let furthest = 0;
    for (const [n, image] of images.slice(0, 6).entries()) {
      preprocessor.run(await decodeImage(readFileSync(image), image));
      const ours = arena.regions.input.float32();
      const theirs = expected.subarray(n * 3 * plane, (n + 1) * 3 * plane);
      furthest = Math.max(furthest, furthestApart(ours, theirs, plane));
    }
    process.stdout.write(`furthest grey level: ${furthest}\n`);
    expect(furthest).toBeLessThanOrEqual(2);
  }, 120_000);

  const models: [string, string][] = [
    ['bundled', join(root, 'models', 'faceboxes')],
    ['published', join(shared, 'models', 'faceboxes-published')]
  ];
  it.each(models)(
    'gives the boxes of the %s model within a pixel, scores within 1e-3',
    async (name, folder) => {
      const reference = JSON.parse(run('detect', folder)) as { width: number; height: number; detections: number[][] }[];
      const detector = await Detector.open(await loadDetector(folder), { kind: 'cpu', index: 0 }, 1);
      let boxes = 0;
      const furthest = { pixels: 0, score: 0 };
      for (const [n, image] of images.entries()) {
        const { width, height, detections: theirs } = reference[n];
        const { result } = await detector.detect(
          {
            image,
            frame: { kind: 'coded', data: readFileSync(image) },
            options: { mode: 'clean' },
            pictures: [],
            activation: false
          },
          { device: 'cpu', notices: [], checkpoint: () => undefined }
        );
        expect([result.width, result.height]).toEqual([width, height]);
        const expected = theirs.map(row => clipped(row, width, height)).filter(box => box.x2 > box.x1 && box.y2 > box.y1);
        expect(result.detections).toHaveLength(expected.length);
        for (const [i, box] of result.detections.entries()) {
          const other = expected[i];
          boxes++;
          furthest.score = Math.max(furthest.score, Math.abs(box.score - other.score));
          for (const edge of ['x1', 'y1', 'x2', 'y2'] as const) {
            furthest.pixels = Math.max(furthest.pixels, Math.abs(box[edge] - other[edge]));
          }
        }
      }
      await detector.release();
      process.stdout.write(
        `${name}: ${boxes} boxes on ${images.length} photographs, furthest ${furthest.pixels} px, score ${furthest.score}\n`
      );
      expect(boxes).toBeGreaterThan(0);
      expect(furthest.pixels).toBeLessThan(1);
      expect(furthest.score).toBeLessThan(1e-3);
    },
    120_000
  );
});

/** Planes of floats against interleaved bytes. */
function furthestApart(planar: Float32Array, interleaved: Uint8Array, plane: number): number {
  let furthest = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0, at = channel; i < plane; i++, at += 3) {
      const difference = Math.abs(planar[channel * plane + i] - interleaved[at]);
      furthest = difference > furthest ? difference : furthest;
    }
  }
  return furthest;
}

function clipped([x1, y1, x2, y2, score]: number[], width: number, height: number): Detection {
  const clip = (value: number, side: number) => Math.min(Math.max(value, 0), side);
  return { x1: clip(x1, width), y1: clip(y1, height), x2: clip(x2, width), y2: clip(y2, height), score };
}
