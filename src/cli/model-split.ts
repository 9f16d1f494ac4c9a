import { Command, InvalidArgumentError, Option } from 'commander';
import {
  describeGraph,
  findCuts,
  GraphView,
  nameColumns,
  opsetOf,
  probeShapes,
  readOnnxFile,
  splitAt,
  type Columns,
  type Cut
} from '../models/onnx';
import { splitFolder } from '../models/split-folder';
import { VeilError } from '../protocol';
import { print } from './output';
import { writeTogether } from './write-together';

interface SplitFlags {
  at?: string;
  out?: string;
  outputs?: string;
  shape?: number[];
  force?: boolean;
  json?: boolean;
}

export function splitCommand(): Command {
  return new Command('split')
    .description('cut a whole network in a head that stays and a tail that leaves; without --at, list where')
    .argument('<full.onnx>', 'the network, one ONNX file in float32')
    .option('--at <tensor>', 'the activation between head and tail')
    .option('--out <dir>', 'write head.onnx, tail.onnx and, where the outputs are known, model.json there')
    .addOption(
      new Option('--outputs <columns>', "columns of a detector's one output: two logits (conf), four offsets (loc)").choices([
        'conf,loc',
        'loc,conf'
      ])
    )
    .addOption(new Option('--shape <n,c,h,w>', 'shape of the input where the file leaves it open').argParser(shape))
    .option('--force', 'replace files that are there')
    .option('--json', 'print one JSON document')
    .action(split);
}

function shape(text: string): number[] {
  const dims = text.split(',').map(Number);
  if (!dims.every(n => Number.isInteger(n) && n > 0)) {
    throw new InvalidArgumentError('It must be whole numbers, as in 1,3,640,640.');
  }
  return dims;
}

async function split(file: string, flags: SplitFlags): Promise<void> {
  const { at, out } = flags;
  if ((at === undefined) !== (out === undefined)) {
    const [given, lacks] = at === undefined ? ['--out', '--at TENSOR'] : ['--at', '--out DIR'];
    throw new VeilError(
      'bad_request',
      `${given} has no ${lacks}. Nothing was written.`,
      'Give both; without either, the cuts are listed.'
    );
  }
  const model = await readOnnxFile(file);
  const view = new GraphView(model);
  const shapes = await probeShapes(model, flags.shape);
  if (at === undefined || out === undefined) {
    const { inputs, outputs, parameters } = describeGraph(model);
    const found = { schema: 1, file, opset: opsetOf(model), inputs, outputs, parameters, cuts: findCuts(view, shapes) };
    print(flags.json ? found : table(file, found.opset, parameters, found.cuts));
    return;
  }
  const halves = splitAt(view, shapes, at);
  if (flags.outputs) {
    halves.tail = nameColumns(halves.tail, shapes, flags.outputs.split(',') as Columns);
  }
  const { files, missing } = splitFolder(halves, out);
  const paths = await writeTogether(out, files, flags.force ?? false);
  const note = missing && `model.json was not written: ${missing}.`;
  print(
    flags.json ? { schema: 1, file, tensor: at, files: paths, missing: note } : [...paths, ...(note ? [note] : [])].join('\n')
  );
}

function table(file: string, opset: number, parameters: number, cuts: Cut[]): string {
  const rows = cuts.map(({ tensor, operator, shape: dims, bytes, macs, reads }) => [
    tensor,
    operator,
    dims.join(' x '),
    (bytes / 2 ** 20).toFixed(2),
    millions(macs.before),
    millions(macs.after),
    `${reads.rank} of ${reads.channels}`
  ]);
  const all = [['tensor', 'made by', 'shape', 'MiB', 'MMAC before', 'after', 'directions read'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map(row => row[column].length)));
  const lines = all.map(row => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  const title = `${file}  operator set ${opset}, ${parameters.toLocaleString('en-US')} parameters, ${cuts.length} cuts`;
  return [title, ...(cuts.length > 0 ? lines : ['No tensor lies on every way from the input to the outputs.'])].join('\n');
}

const millions = (macs: number): string => (macs / 1e6).toFixed(1);
