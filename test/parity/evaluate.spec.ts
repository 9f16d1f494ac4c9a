import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { averagePrecision, openDataset, type LabelledPhotograph, type ScoredImage } from '../../src/evaluation';
import type { EvaluationDocument } from '../../src/protocol';

const root = resolve(__dirname, '..', '..');
const shared = join(root, '..', 'shared');
const dataset = join(shared, 'data', 'faces', 'val');
const model = join(shared, 'models', 'faceboxes-published');
const cli = join(root, 'veilbook', 'node', 'cli.mjs');
const python = '/usr/bin/python3';

const missing = [dataset, model, cli].find(path => !existsSync(path));
const reason = missing ?? (spawnSync(python, ['-c', 'import cv2, torch']).status !== 0 ? 'cv2 and torch' : undefined);
const parity = reason ? describe.skip : describe;

parity(`veilbook evaluate beside PyTorch and OpenCV${reason ? ` (skipped: there is no ${reason})` : ''}`, () => {
  it('finds the average precision of the published weights within 0.005, in each fold and over all', async () => {
    const args = ['evaluate', '--dataset', dataset, '--model', model, '--json'];
    const ours: EvaluationDocument = JSON.parse(
      execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: 'pipe' })
    );

    const folds: { name: string; photographs: LabelledPhotograph[] }[] = [];
    for (const { name, records } of (await openDataset(dataset)).folds) {
      const photographs: LabelledPhotograph[] = [];
      for await (const record of records()) {
        if ('photograph' in record) {
          photographs.push(record.photograph);
        }
      }
      folds.push({ name, photographs });
    }
    const all = folds.flatMap(({ photographs }) => photographs);
    const program = [join(__dirname, 'reference.py'), 'detect', model, ...all.map(({ path }) => path)];
    const answers: { width: number; height: number; detections: number[][] }[] = JSON.parse(
      execFileSync(python, program, { maxBuffer: 1 << 28, encoding: 'utf8' })
    );
    const theirs = new Map(
      all.map(({ path, truth }, i): [string, ScoredImage] => {
        const { width, height, detections } = answers[i];
        const into = (value: number, side: number) => Math.min(Math.max(value, 0), side);
        const boxes = detections.map(([x1, y1, x2, y2, score]) => ({
          ...{ x1: into(x1, width), y1: into(y1, height), x2: into(x2, width), y2: into(y2, height) },
          score
        }));
        return [path, { detections: boxes, truth }];
      })
    );
    const ap = (photographs: LabelledPhotograph[]) => averagePrecision(photographs.map(({ path }) => theirs.get(path)!)).ap;
    const pairs = [
      ...folds.map(({ name, photographs }, i) => ({ name, ours: ours.folds[i].ap!, theirs: ap(photographs) })),
      { name: 'all', ours: ours.pooled_ap!, theirs: ap(all) }
    ];
    process.stdout.write(
      pairs.map(pair => `${pair.name}: ${pair.ours.toFixed(6)}, PyTorch ${pair.theirs.toFixed(6)}\n`).join('')
    );
    for (const pair of pairs) {
      expect(Math.abs(pair.ours - pair.theirs)).toBeLessThan(0.005);
    }
  }, 300_000);
});
