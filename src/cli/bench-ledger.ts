import { Command, InvalidArgumentError, Option } from 'commander';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkReceipt, Ledger } from '../egress/ledger';
import { type Departure } from '../protocol';
import { print } from './output';

interface Flags {
  frames: number;
  in?: string;
  durable?: boolean;
  json?: boolean;
}

/** Bytes of the bundled model's activation. */
const TENSOR = 524_288;
const WARM_UP = 50;

export function benchLedgerCommand(): Command {
  return new Command('ledger')
    .description('what the ledger costs a frame: hash of 512 KiB, departure, settlement, receipt')
    .addOption(new Option('--frames <n>', 'so many').argParser(frames).default(500))
    .option('--in <dir>', 'where the ledger is made, and removed from (default: the temporary folder)')
    .option('--durable', 'wait for the disk before each departure')
    .option('--json', 'print one JSON document')
    .action(benchLedger);
}

function frames(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 100000.');
  }
  return value;
}

async function benchLedger({ frames: count, in: base = tmpdir(), durable = false, json }: Flags): Promise<void> {
  const top = await mkdtemp(join(resolve(base), 'veilbook-bench-'));
  const steps = {
    hash: [] as number[],
    depart: [] as number[],
    settle: [] as number[],
    receipt: [] as number[],
    frame: [] as number[]
  };
  try {
    const ledger = await Ledger.open(join(top, 'ledger'), { durable });
    const tensor = randomBytes(TENSOR);
    for (let frame = 0; frame < count + WARM_UP; frame++) {
      tensor.writeUInt32LE(frame);
      const times = [performance.now()];
      const lap = () => times.push(performance.now());
      const hash = createHash('sha256').update(tensor).digest('hex');
      lap();
      const entry = await ledger.depart(departureOf(hash, ledger.sourceOf(Buffer.from(hash, 'hex'))));
      lap();
      await ledger.settle(entry, {
        outcome: 'answered',
        reply_sha256: hash,
        bytes_sent: TENSOR,
        bytes_received: 4096,
        server_version: '1'
      });
      lap();
      const receipt = await ledger.receipt(entry.sequence);
      lap();
      if (frame === 0) {
        checkReceipt(receipt, { tensor });
      }
      if (frame >= WARM_UP) {
        (['hash', 'depart', 'settle', 'receipt'] as const).forEach((step, n) => steps[step].push(times[n + 1] - times[n]));
        steps.frame.push(times[4] - times[0]);
      }
    }
    await ledger.close();
    const verdict = await timed(() => Ledger.verify(join(top, 'ledger')));
    const medians = Object.fromEntries(Object.entries(steps).map(([step, times]) => [step, median(times)]));
    const mean = steps.frame.reduce((sum, ms) => sum + ms, 0) / count;
    const verify = { entries: verdict.value.entries, ms: verdict.ms };
    if (json) {
      print({ schema: 1, frames: count, tensor_bytes: TENSOR, durable, median_ms: medians, mean_ms: mean, verify });
      return;
    }
    print(
      [
        `${count} frames of ${TENSOR} bytes, ${durable ? 'each waits for the disk' : 'the disk is waited for once a second'}; ms, median`,
        ...Object.entries(medians).map(([step, ms]) => `${step.padEnd(10)}${ms.toFixed(3).padStart(8)}`),
        `${'mean'.padEnd(10)}${mean.toFixed(3).padStart(8)}  of a whole frame`,
        `verify: ${verify.entries} entries in ${verify.ms.toFixed(0)} ms`
      ].join('\n')
    );
  } finally {
    await rm(top, { recursive: true });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const begin = performance.now();
  const value = await work();
  return { value, ms: performance.now() - begin };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function departureOf(tensor: string, source: string): Departure {
  return {
    run: 'bench',
    snapshot: null,
    destination: 'tritons://inference.example:8000',
    server_model: 'face_detection_noisy',
    server_version: null,
    model: { name: 'faceboxes', head_sha256: tensor, tail_sha256: tensor },
    artefact_sha256: tensor,
    alpha: 0.8,
    looks: { count: 1, alpha_k: 0.8 },
    clean: false,
    private: true,
    bytes: TENSOR,
    tensor_sha256: tensor,
    source
  };
}
