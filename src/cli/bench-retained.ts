import { readFile } from 'node:fs/promises';
import { evaluateDetector, readFddb, retainedAp, type Retained } from '../evaluation';
import { loadDetector } from '../models';
import { openCompute } from '../pipeline/engine';
import { requireObfuscation } from '../pipeline/noise';
import { type RunOptions } from '../protocol';
import { Notices, print } from './output';

export interface RetainedFlags {
  labels: string;
  model?: string;
  alphas?: number[];
  device: string;
  json?: boolean;
}

/**
 * `bench retained`: what noise leaves of a detector's average precision on labelled photographs, at each knot of its
 * artefact or at ALPHAs that are named. Runs are those of `detect`: fresh noise, boxes down to the score cut.
 */
export async function benchRetained({ labels, model: dir, alphas, device, json }: RetainedFlags): Promise<void> {
  const model = await loadDetector(dir);
  const strengths = alphas ?? requireObfuscation(model).document.knots.map(({ alpha }) => alpha);
  const dataset = await readFddb(labels);
  const compute = await openCompute();
  const notices = new Notices();
  const judge = (options: RunOptions) =>
    evaluateDetector(async path => {
      const frame = { kind: 'coded' as const, data: new Uint8Array(await readFile(path)) };
      const { result } = await compute.detect({ image: path, frame, options, pictures: [], activation: false });
      return result.detections;
    }, dataset);
  try {
    const clean = await judge({ mode: 'clean', model: dir, device });
    const rows: { alpha: number; retained: Retained }[] = [];
    for (const alpha of strengths) {
      notices.show(`ALPHA ${alpha}: ${dataset.length} photographs.`);
      const noisy = await judge({ mode: 'noisy', alpha, model: dir, device });
      rows.push({ alpha, retained: retainedAp(clean.images, noisy.images) });
    }
    print(json ? documentOf(clean.ap, dataset.length, rows) : tableOf(clean.ap, dataset.length, rows));
  } finally {
    await compute.close();
  }
}

function documentOf(clean: number, photographs: number, rows: { alpha: number; retained: Retained }[]): object {
  return {
    schema: 1,
    photographs,
    clean_ap: clean,
    knots: rows.map(({ alpha, retained: { noisy, retained, interval } }) => ({ alpha, ap: noisy, retained, interval }))
  };
}

function tableOf(clean: number, photographs: number, rows: { alpha: number; retained: Retained }[]): string {
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  return [
    `${photographs} photographs; average precision without noise ${clean.toFixed(3)} (overlap of one half)`,
    '| ALPHA | AP | retained | 95 % interval |',
    '|---|---|---|---|',
    ...rows.map(
      ({ alpha, retained: { noisy, retained, interval } }) =>
        `| ${alpha} | ${noisy.toFixed(3)} | ${share(retained)} | ${interval.map(share).join(' … ')} |`
    )
  ].join('\n');
}
