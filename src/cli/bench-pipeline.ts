import { loadModel } from '../models';
import { STAGES, type Round } from '../pipeline/bench';
import { Baseline } from '../pipeline/bench-baseline';
import { openBench, type BenchFlags } from './bench';
import { print } from './output';

const WARM_UP = 3;
/** What test/bench/baseline.py runs. */
const BASELINE = 'cv2 + torch eager, float32, batch norm as separate layers as in the published PyTorch code';

interface Compared {
  ours_ms: number;
  baseline_ms: number | null;
  /** Baseline over ours: above 1 is faster than the baseline. */
  ratio: number | null;
}

type Table = Record<keyof Round, Compared>;

/** Rounds of ours and of the baseline alternate, so that both see the same machine; the minimum of each stage counts. */
export async function comparePipelines(flags: BenchFlags): Promise<void> {
  const first = await openBench(flags, 1);
  const model = await loadModel(flags.model);
  const { alpha } = first.bench;
  const { baseline, reason } = await Baseline.open(model.dir, first.jpeg, alpha);
  const faces = { ours: await first.bench.faces(), baseline: baseline?.ready.faces ?? null };
  const tables: Table[] = [];
  for (const threads of [1, 2]) {
    const bench = threads === 1 ? first.bench : (await openBench(flags, threads)).bench;
    const ours: Round[] = [];
    const theirs: Round[] = [];
    for (let round = 0; round < flags.rounds + WARM_UP; round++) {
      ours.push(await bench.round());
      if (baseline) {
        theirs.push(await baseline.round(threads));
      }
    }
    await bench.release();
    tables.push(compare(ours.slice(WARM_UP), theirs.slice(WARM_UP)));
  }
  baseline?.close();
  report(flags, { ...first, alpha, faces, versions: baseline?.ready.versions ?? null, reason }, tables);
}

function compare(ours: Round[], theirs: Round[]): Table {
  const fastest = (rounds: Round[], name: keyof Round) => Math.min(...rounds.map(round => round[name]));
  const names: (keyof Round)[] = [...STAGES, 'array_to_boxes'];
  return Object.fromEntries(
    names.map(name => {
      const ours_ms = fastest(ours, name);
      const baseline_ms = theirs.length > 0 ? fastest(theirs, name) : null;
      return [name, { ours_ms, baseline_ms, ratio: baseline_ms === null ? null : baseline_ms / ours_ms }];
    })
  ) as Table;
}

interface Circumstances {
  device: string;
  frame: string;
  alpha: number;
  faces: { ours: number; baseline: number | null };
  versions: Record<string, string> | null;
  reason: string;
}

function report(flags: BenchFlags, about: Circumstances, [one, two]: Table[]): void {
  const stagesOf = (table: Table) => Object.fromEntries(STAGES.map(name => [name, table[name]]));
  if (flags.json) {
    print({
      schema: 1,
      rounds: flags.rounds,
      threads: 1,
      statistic: 'minimum of interleaved rounds',
      device: about.device,
      frame: about.frame,
      alpha: about.alpha,
      faces: about.faces,
      baseline: about.versions ? { what: BASELINE, ...about.versions } : about.reason,
      stages: stagesOf(one),
      stages_2t: stagesOf(two),
      array_to_boxes: {
        ours_1t_ms: one.array_to_boxes.ours_ms,
        baseline_1t_ms: one.array_to_boxes.baseline_ms,
        ratio_1t: one.array_to_boxes.ratio,
        ours_2t_ms: two.array_to_boxes.ours_ms,
        baseline_2t_ms: two.array_to_boxes.baseline_ms,
        ratio_2t: two.array_to_boxes.ratio
      }
    });
    return;
  }
  const cell = (value: number | null, digits: number) => (value === null ? '-' : value.toFixed(digits)).padStart(10);
  const cells = ({ ours_ms, baseline_ms, ratio }: Compared) => cell(ours_ms, 2) + cell(baseline_ms, 2) + cell(ratio, 2);
  const names: (keyof Round)[] = [...STAGES, 'array_to_boxes'];
  const versions = about.versions && Object.entries(about.versions).map(([name, version]) => `${name} ${version}`);
  print(
    [
      `${about.frame}; ${about.device}; noisy, ALPHA ${about.alpha}; fastest of ${flags.rounds} interleaved rounds, ms`,
      versions
        ? `baseline: ${BASELINE} (${versions.join(', ')})\nfaces found: ours ${about.faces.ours}, baseline ${about.faces.baseline}`
        : about.reason,
      '',
      `${''.padEnd(16)}${'1 thread'.padStart(10)}${''.padStart(20)}${'2 threads'.padStart(10)}`,
      `${'stage'.padEnd(16)}${['ours', 'baseline', 'ratio', 'ours', 'baseline', 'ratio'].map(text => text.padStart(10)).join('')}`,
      ...names.map(name => name.padEnd(16) + cells(one[name]) + cells(two[name]))
    ].join('\n')
  );
}
