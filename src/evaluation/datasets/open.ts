import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { VeilError } from '../../protocol';
import { contentHash } from '../photographs';
import { cocoSource } from './coco';
import { fddbSource } from './fddb';
import { numberedFolds } from './folds';
import { fileSize, unreadable } from './failures';
import { DATASET_FORMATS, type Dataset, type DatasetFormat, type DatasetOptions, type DatasetSource } from './types';
import { vocSource } from './voc';
import { widerSource } from './wider';

/** Each finds its layout at a path, or answers null. */
const LAYOUTS: Record<DatasetFormat, (path: string, category?: string) => Promise<DatasetSource | null>> = {
  fddb: fddbSource,
  wider: widerSource,
  coco: cocoSource,
  voc: vocSource
};

/**
 * A data set in the layout of FDDB, WIDER FACE, COCO or Pascal VOC; nothing but its folders is looked at before its records
 * are asked for.
 * @param path of the folder, or of one of its label files where it has several (a COCO json, a list of WIDER FACE or VOC)
 * @throws VeilError `not_found` when there is nothing; `bad_request` for a folder that looks like no format or like several,
 * and for a category where labels have no names
 */
export async function openDataset(path: string, { format, category }: DatasetOptions = {}): Promise<Dataset> {
  await stat(path).catch(thrown => {
    throw unreadable(path, thrown);
  });
  const found: { format: DatasetFormat; source: DatasetSource }[] = [];
  for (const wanted of format ? [format] : DATASET_FORMATS) {
    const source = await LAYOUTS[wanted](path, category);
    if (source) {
      found.push({ format: wanted, source });
    }
  }
  if (found.length !== 1) {
    throw undecided(
      path,
      format,
      found.map(one => one.format)
    );
  }
  const [dataset] = found;
  if (category !== undefined && ['fddb', 'wider'].includes(dataset.format)) {
    throw new VeilError('bad_request', `${path}: faces have no category in this format.`, 'Leave the category out.');
  }
  const { name, folds, labelFiles } = dataset.source;
  return {
    format: dataset.format,
    name,
    dir: path,
    folds: numberedFolds(folds),
    digest: async () => digestOf([dataset.format, category ?? ''], path, await labelFiles())
  };
}

async function digestOf(about: string[], dir: string, files: string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(about));
  for (const file of files) {
    await fileSize(file).catch(thrown => {
      throw unreadable(file, thrown);
    });
    hash.update(JSON.stringify([relative(resolve(dir), resolve(file)), await contentHash(file)]));
  }
  return hash.digest('hex');
}

const LOOKS = {
  fddb: 'FDDB-folds/*ellipseList.txt',
  wider: 'wider_face_split/wider_face_*_bbx_gt.txt',
  coco: 'a json with images and annotations',
  voc: 'Annotations/*.xml'
};

function undecided(path: string, wanted: DatasetFormat | undefined, found: DatasetFormat[]): VeilError {
  if (found.length > 1) {
    return new VeilError('bad_request', `${path} looks like ${found.join(' and like ')}.`, 'Name its format (--format).');
  }
  const looks = wanted ? LOOKS[wanted] : Object.values(LOOKS).join(', ');
  return new VeilError(
    'bad_request',
    `${path} has no labels in a format that is known here${wanted ? ` as ${wanted}` : ''}.`,
    `Name the folder that holds ${wanted ? looks : `one of ${looks}`}.`
  );
}
