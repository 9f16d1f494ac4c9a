import { malformed } from './failures';
import { openDataset } from './open';
import { type Dataset, type LabelledPhotograph } from './types';

/**
 * All photographs of a folder in the layout of FDDB, where one bad record is too many.
 * @throws VeilError `not_found`, `bad_request`: one line that names the file and the line
 */
export async function readFddb(folder: string): Promise<LabelledPhotograph[]> {
  return readWhole(await openDataset(folder, { format: 'fddb' }));
}

async function readWhole(dataset: Dataset): Promise<LabelledPhotograph[]> {
  const photographs: LabelledPhotograph[] = [];
  for (const fold of dataset.folds) {
    for await (const record of fold.records()) {
      if ('bad' in record) {
        throw malformed(record.bad);
      }
      photographs.push(record.photograph);
    }
  }
  return photographs;
}
