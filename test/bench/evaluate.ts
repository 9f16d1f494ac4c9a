/** What `npm run bench:evaluate` needs of the sources: the photographs, their judgement, and compute time without workers. */
import { readFileSync } from 'node:fs';
import { averagePrecision } from '../../src/evaluation';
import { openDataset, type LabelledPhotograph } from '../../src/evaluation/datasets';
import { loadDetector } from '../../src/models';
import { Detector } from '../../src/pipeline/detector';

export { VeilError } from '../../src/protocol';

/** The photographs of a data set, and its model's folder. */
export async function openBench(dir: string, model?: string) {
  const photographs: LabelledPhotograph[] = [];
  const dataset = await openDataset(dir);
  for (const fold of dataset.folds) {
    for await (const record of fold.records()) {
      if ('photograph' in record) {
        photographs.push(record.photograph);
      }
    }
  }
  return { photographs, model: (await loadDetector(model)).dir };
}

/** @param rows x1, y1, x2, y2, score for each detection of each photograph, in the order of the photographs */
export function precisionOf(photographs: readonly LabelledPhotograph[], rows: readonly number[][][]): number {
  return averagePrecision(
    photographs.map(({ truth }, i) => ({
      truth,
      detections: rows[i].map(([x1, y1, x2, y2, score]) => ({ x1, y1, x2, y2, score }))
    }))
  ).ap;
}

/** One detector on one thread in this process: milliseconds of all stages, decoding to boxes, over the photographs. */
export async function openAlone(model: string) {
  const detector = await Detector.open(await loadDetector(model), { kind: 'cpu', index: 0 }, 1);
  return {
    async round(photographs: readonly LabelledPhotograph[]): Promise<number> {
      let total = 0;
      for (const { path } of photographs) {
        const frame = { kind: 'coded' as const, data: new Uint8Array(readFileSync(path)) };
        const request = { image: path, frame, options: { mode: 'clean' as const }, pictures: [], activation: false };
        const { result } = await detector.detect(request, { device: 'cpu', notices: [], checkpoint: () => undefined });
        total += result.timings_ms.total;
      }
      return total;
    },
    close: () => detector.release()
  };
}
