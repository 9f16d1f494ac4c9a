import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDetector } from '../models';
import { Bench } from '../pipeline/bench';
import { BENCH_HEIGHT, BENCH_WIDTH, makeBenchFrame } from '../pipeline/bench-frame';
import { DeviceCatalog, providerOf } from '../pipeline/devices';
import { VeilError } from '../protocol';
import { benchEgressCommand, echoServerCommand } from './bench-egress';
import { benchLedgerCommand } from './bench-ledger';
import { comparePipelines } from './bench-pipeline';
import { benchRetained, type RetainedFlags } from './bench-retained';
import { benchWorkspaceCommand } from './bench-workspace';
import { Notices, print } from './output';

export interface BenchFlags {
  json?: boolean;
  device: string;
  model?: string;
  image?: string;
  rounds: number;
}

export function benchCommand(): Command {
  const bench = new Command('bench').description('measure the pipeline on this machine, on a 1920x1080 frame');
  const add = (name: string, description: string) =>
    bench
      .command(name)
      .description(description)
      .option('--device <device>', 'auto, cpu, webgpu or cuda:N', 'cpu')
      .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
      .option('--image <photo>', 'photograph that the frame is tiled from')
      .option('--json', 'print one JSON document');
  add('obfuscation', 'the noise step alone, five runs').action((flags: BenchFlags) => benchObfuscation(flags));
  add('pipeline', 'every stage, beside cv2 and torch where /usr/bin/python3 has them')
    .addOption(new Option('--rounds <n>', 'interleaved rounds').argParser(rounds).default(15))
    .action((flags: BenchFlags) => comparePipelines(flags));
  bench
    .command('retained')
    .description("what noise leaves of a detector's average precision, on photographs with boxes")
    .requiredOption('--labels <dir>', 'photographs in the layout of FDDB: FDDB-folds and originalPics')
    .option('--model <dir>', 'model folder or name (default: the bundled faceboxes)')
    .addOption(new Option('--alphas <list>', "as in 0.4,0.8 (default: the artefact's knots)").argParser(strengths))
    .option('--device <device>', 'auto, cpu, webgpu or cuda:N', 'cpu')
    .option('--json', 'print one JSON document')
    .action((flags: RetainedFlags) => benchRetained(flags));
  return bench
    .addCommand(benchWorkspaceCommand())
    .addCommand(benchEgressCommand())
    .addCommand(benchLedgerCommand())
    .addCommand(echoServerCommand(), { hidden: true });
}

function strengths(text: string): number[] {
  const values = text.split(',').map(Number);
  if (!values.every(value => value > 0 && value < 1)) {
    throw new InvalidArgumentError('They must be numbers between 0 and 1 with commas between, as in 0.4,0.8.');
  }
  return values;
}

function rounds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
  }
  return value;
}

/** Open the bench on what the choice resolves to; a GPU that does not open is replaced by the CPU, with its line. */
export async function openBench(
  flags: BenchFlags,
  threads: number
): Promise<{ bench: Bench; device: string; frame: string; jpeg: Buffer }> {
  const notices = new Notices();
  const catalog = new DeviceCatalog();
  const model = await loadDetector(flags.model);
  const frame = await makeBenchFrame(flags.image).catch(thrown => {
    throw new VeilError(
      'bad_image',
      `${flags.image} cannot be used (${String(thrown.message)}). Nothing was measured.`,
      'Name a photograph.'
    );
  });
  for (;;) {
    const { devices, notices: lines } = await catalog.resolve(flags.device);
    lines.forEach(line => notices.show(line));
    const device = devices[0];
    try {
      const bench = await Bench.open(model, providerOf(device), threads, frame);
      return { bench, device, frame: frame.description, jpeg: frame.jpeg };
    } catch (thrown) {
      if (device === 'cpu') {
        throw thrown;
      }
      catalog.markBroken(device, VeilError.from(thrown).message);
    }
  }
}

const REPORTED_MS = [5.47, 5.27, 4.54, 5.24, 4.84];

async function benchObfuscation(flags: BenchFlags): Promise<void> {
  const { bench, device, frame } = await openBench(flags, 1);
  const runs: number[] = [];
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await bench.noise();
  }
  for (let run = 0; run < 5; run++) {
    runs.push(await bench.noise());
  }
  await bench.release();
  const mean = runs.reduce((sum, ms) => sum + ms, 0) / runs.length;
  const boundary =
    'from the clean activation to the obfuscated one (clamp, grid, cryptographic noise, addition), ' +
    'on one thread of the processor; head and tail are outside';
  const remark =
    'NetApp TR-4928 reports these figures for Protopia on an NVIDIA V100 under PyTorch. ' +
    'Its boundary and hardware differ: the columns are not a comparison of methods.';
  if (flags.json) {
    print({
      schema: 1,
      frame,
      device,
      boundary,
      threads: 1,
      runs_ms: runs,
      mean_ms: mean,
      reported: { runs_ms: REPORTED_MS, mean_ms: 5.072, remark }
    });
    return;
  }
  const row = (name: string, ours: number, theirs: number) =>
    `${name.padEnd(6)}${ours.toFixed(3).padStart(10)} ms${theirs.toFixed(3).padStart(12)} ms`;
  print(
    [
      `Obfuscation of a ${BENCH_WIDTH}x${BENCH_HEIGHT} frame (${frame})`,
      `Measured: ${boundary}.`,
      '',
      `run      Veilbook       TR-4928`,
      ...runs.map((ms, n) => row(String(n + 1), ms, REPORTED_MS[n])),
      row('mean', mean, 5.072),
      '',
      remark
    ].join('\n')
  );
}
