import { type BadRecord, type Dataset, type DatasetFormat } from './types';

/** Bad records that are told one by one; of the others only the number. */
const TOLD = 100;

interface Counts {
  /** Photographs whose labels can be used. */
  images: number;
  /** Their faces that count. */
  faces: number;
  /** Their faces that are neither to be found nor punished. */
  ignored: number;
  bad: number;
}

export interface DatasetInfo extends Counts {
  format: DatasetFormat;
  folds: ({ fold: string } & Counts)[];
  /** The first ones. */
  bad_records: BadRecord[];
}

/** What is in a data set's labels; its photographs are not looked at. */
export async function datasetInfo(dataset: Dataset): Promise<DatasetInfo> {
  const info: DatasetInfo = { format: dataset.format, ...none(), folds: [], bad_records: [] };
  for (const fold of dataset.folds) {
    const counts = none();
    for await (const record of fold.records()) {
      if ('bad' in record) {
        counts.bad++;
        if (info.bad_records.length < TOLD) {
          info.bad_records.push(record.bad);
        }
      } else {
        const { truth } = record.photograph;
        const ignored = truth.filter(({ ignore }) => ignore).length;
        counts.images++;
        counts.faces += truth.length - ignored;
        counts.ignored += ignored;
      }
    }
    info.folds.push({ fold: fold.name, ...counts });
    for (const key of ['images', 'faces', 'ignored', 'bad'] as const) {
      info[key] += counts[key];
    }
  }
  return info;
}

function none(): Counts {
  return { images: 0, faces: 0, ignored: 0, bad: 0 };
}
