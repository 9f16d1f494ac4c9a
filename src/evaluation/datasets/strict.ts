import { cocoSource } from './coco';
import { malformed, unreadable } from './failures';
import { numberedFolds } from './folds';
import { openDataset } from './open';
import { type DatasetFold, type LabelledPhotograph } from './types';

/**
 * All photographs of a folder in the layout of FDDB, where one bad record is too many.
 * @throws VeilError `not_found`, `bad_request`: one line that names the file and the line
 */
export async function readFddb(folder: string): Promise<LabelledPhotograph[]> {
  return readWhole((await openDataset(folder, { format: 'fddb' })).folds);
}

/**
 * All photographs of a COCO json, where one bad record is too many.
 * @param folder the photographs' names are relative to; default: `images` beside the json, where it is, else the json's own
 * @param category name of the one that counts; needed where the annotations have several
 * @throws VeilError `not_found`, `bad_request`: one line that names the file and what in it is wrong
 */
export async function readCoco(
  path: string,
  { folder, category }: { folder?: string; category?: string } = {}
): Promise<LabelledPhotograph[]> {
  const source = await cocoSource(path, category, folder);
  if (!source) {
    throw unreadable(path, new Error('it is no json'));
  }
  return readWhole(numberedFolds(source.folds));
}

async function readWhole(folds: readonly DatasetFold[]): Promise<LabelledPhotograph[]> {
  const photographs: LabelledPhotograph[] = [];
  for (const fold of folds) {
    for await (const record of fold.records()) {
      if ('bad' in record) {
        throw malformed(record.bad);
      }
      photographs.push(record.photograph);
    }
  }
  return photographs;
}
