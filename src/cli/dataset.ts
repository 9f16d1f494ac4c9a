import { Command, Option } from 'commander';
import { DATASET_FORMATS, datasetInfo, openDataset, type DatasetFormat, type DatasetInfo } from '../evaluation';
import { FAILURES } from '../protocol';
import { print } from './output';

/** Bad records that a person is shown. */
const SHOWN = 10;

const AFTER = `
PATH is the data set's folder, or one of its label files where it has several. Photographs are not looked at.
An image with anything wrong about its labels is one bad record, and is in no other count. Exit codes: 0 all records can be
used; 3 some are bad; 2 no data set there.`;

/** `veilbook dataset`: what labelled photographs there are. */
export function datasetCommand(): Command {
  return new Command('dataset')
    .description('look at data sets of labelled photographs: FDDB, WIDER FACE, COCO, Pascal VOC')
    .addCommand(
      new Command('info')
        .description('count images, faces and bad records')
        .argument('<path>', 'folder of the data set')
        .addOption(new Option('--format <format>', 'default: what the folder looks like').choices(DATASET_FORMATS))
        .option('--category <name>', 'the one that counts, where labels have several (COCO, VOC)')
        .option('--json', 'print one JSON document')
        .addHelpText('after', AFTER)
        .action(info)
    );
}

interface Flags {
  format?: DatasetFormat;
  category?: string;
  json?: boolean;
}

async function info(path: string, { format, category, json }: Flags): Promise<void> {
  const dataset = await openDataset(path, { format, category });
  const found = await datasetInfo(dataset);
  print(json ? { schema: 1, ...found } : tableOf(dataset.name, found));
  process.exitCode = found.bad > 0 ? FAILURES.bad_image.exit : 0;
}

function tableOf(name: string, { format, folds, bad_records: told, ...all }: DatasetInfo): string {
  const rows = [
    ['fold', 'images', 'faces', 'ignored', 'bad'],
    ...[...folds, ...(folds.length > 1 ? [{ fold: 'all', ...all }] : [])].map(({ fold, images, faces, ignored, bad }) =>
      [fold, images, faces, ignored, bad].map(String)
    )
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  const lines = rows.map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  const more = all.bad - Math.min(told.length, SHOWN);
  const bad = told.slice(0, SHOWN).map(({ place, message }) => `bad: ${place}: ${message}`);
  return [`${name} (${format})`, ...lines, ...bad, ...(more > 0 ? [`bad: ${more} more`] : [])].join('\n');
}
