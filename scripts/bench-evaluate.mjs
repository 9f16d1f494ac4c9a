/**
 * npm run bench:evaluate -- --dataset DIR [--model DIR] [--rounds 3] [--repeat 10] [--alpha 0.8] [--json]
 *
 * veilbook evaluate and sweep on a data set of photographs with boxes, in the layout of FDDB:
 * - images a second beside a loop of OpenCV and PyTorch over the same photographs, and what both find of the faces;
 * - that rate as a share of what the compute time of the stages allows with all cores at work;
 * - peak memory on the set once and on the set repeated;
 * - a sweep over its default ALPHAs in single evaluations.
 * Rounds of each are interleaved, so that all see the same machine, and the fastest of each counts. Processor only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundle } from './bundle.mjs';

const USE = 'Use: npm run bench:evaluate -- --dataset DIR [--model DIR] [--rounds N] [--repeat K] [--alpha A] [--json]';
/** A thread of `openOnAllCores`. */
const ALONE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const alone = import(workerData.file).then(parts => parts.openAlone(workerData.model));
  parentPort.on('message', async photographs => parentPort.postMessage(await (await alone).round(photographs)));
`;
const root = join(import.meta.dirname, '..');
const cores = availableParallelism();
const scratch = mkdtempSync(join(tmpdir(), 'veilbook-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function fail(message) {
  process.stderr.write(`bench-evaluate: ${message}\n`);
  process.exit(1);
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        dataset: { type: 'string' },
        model: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        repeat: { type: 'string', default: '10' },
        alpha: { type: 'string', default: '0.8' },
        json: { type: 'boolean', default: false }
      }
    });
    return { ...values, rounds: whole(values.rounds), repeat: whole(values.repeat) };
  } catch (error) {
    return fail(`${error.message} ${USE}`);
  }
}

function whole(text) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fail(`${text} is not a whole number above 0. ${USE}`);
}

/** Run a command of the built CLI; its JSON document and its peak resident memory, bytes. */
function veilbook(...words) {
  const model = options().model;
  const args = [...words, '--device', 'cpu', '--json', ...(model ? ['--model', model] : [])];
  const child = spawn(process.execPath, [join(root, 'veilbook/node/cli.mjs'), ...args], {
    env: { ...process.env, VEILBOOK_STATE_DIR: join(scratch, 'state') },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let [stdout, stderr, peak] = ['', '', 0];
  child.stdout.on('data', chunk => (stdout += chunk));
  child.stderr.on('data', chunk => (stderr += chunk));
  const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 100);
  return new Promise(settle =>
    child.on('close', code => {
      clearInterval(watch);
      // 3: some records could not be used; the result is there.
      settle(code === 0 || code === 3 ? { document: JSON.parse(stdout), peak } : fail(stderr.trim().split('\n').at(-1)));
    })
  );
}

/** Linux keeps the peak of a process; elsewhere there is none. */
function peakOf(pid) {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** OpenCV and PyTorch in a process that runs a round when it is told to; null with the reason where they are not there. */
async function openBaseline(model, photographs) {
  const python = process.env.VEILBOOK_BASELINE_PYTHON ?? '/usr/bin/python3';
  const child = spawn(python, [join(root, 'test/bench/evaluate_baseline.py'), model, String(cores)]);
  let complaint = '';
  child.stderr.on('data', chunk => (complaint += chunk));
  child.on('error', error => (complaint += error.message));
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async text => {
    child.stdin.write(`${text}\n`);
    const { done, value } = await lines.next();
    return done ? null : JSON.parse(value);
  };
  const ready = await say(JSON.stringify(photographs.map(({ path }) => path)));
  return ready
    ? { versions: ready.versions, round: () => say('run'), close: () => child.stdin.end() }
    : { versions: null, reason: complaint.trim().split('\n').at(-1), close: () => undefined };
}

/**
 * A detector on one thread for each core, all at work at once, as cores that share memory and execution units allow.
 * Nothing is queued or sent between them: a round gives the images a second of all their stages, decoding to boxes.
 */
async function openOnAllCores(model) {
  const threads = Array.from({ length: cores }, () => new Worker(ALONE, { eval: true, workerData: { file: partsFile, model } }));
  const answers = message =>
    Promise.all(
      threads.map(async thread => {
        const answer = once(thread, 'message');
        thread.postMessage(message);
        return (await answer)[0];
      })
    );
  return {
    round: async images => (await answers(images)).reduce((rate, ms) => rate + (1000 * images.length) / ms, 0),
    close: () => Promise.all(threads.map(thread => thread.terminate()))
  };
}

/** The same photographs under so many names: links, so that nothing is copied. */
function repeated(dataset, photographs, times) {
  const dir = join(scratch, 'repeated');
  const pictures = join(dir, 'originalPics');
  mkdirSync(join(dir, 'FDDB-folds'), { recursive: true });
  mkdirSync(pictures);
  const lines = [];
  for (let n = 0; n < times; n++) {
    symlinkSync(resolve(dataset, 'originalPics'), join(pictures, `copy${n}`));
    for (const { path, ellipses } of photographs) {
      const name = relative(resolve(dataset, 'originalPics'), resolve(path)).replace(/\.jpg$/, '');
      const faces = ellipses.map(({ major, minor, angle, x, y }) => `${major} ${minor} ${angle} ${x} ${y}  1`);
      lines.push(`copy${n}/${name}`, String(faces.length), ...faces);
    }
  }
  writeFileSync(join(dir, 'FDDB-folds/FDDB-fold-01-ellipseList.txt'), `${lines.join('\n')}\n`);
  return dir;
}

const { dataset, model, rounds, repeat, alpha, json } = options();
if (!dataset) {
  fail(`--dataset is needed. ${USE}`);
}
const partsFile = pathToFileURL(await bundle('test/bench/evaluate.ts', 'bench-evaluate')).href;
const parts = await import(partsFile);
const bench = await parts.openBench(dataset, model).catch(error => fail(parts.VeilError.from(error).line));
const { photographs } = bench;
if (photographs.length === 0 || !photographs.every(({ ellipses }) => ellipses)) {
  fail(`${dataset} is no data set in the layout of FDDB with photographs in it.`);
}
const baseline = await openBaseline(bench.model, photographs);
const alone = await openOnAllCores(bench.model);
await alone.round(photographs.slice(0, 3));
const runs = { clean: [], noisy: [], sweep: [], alone: [], theirs: [] };
for (let round = 0; round < rounds; round++) {
  runs.clean.push(await veilbook('evaluate', '--dataset', dataset));
  runs.theirs.push(baseline.versions ? await baseline.round() : null);
  runs.alone.push(await alone.round(photographs));
  runs.noisy.push(await veilbook('evaluate', '--dataset', dataset, '--noisy', '--alpha', alpha));
  runs.sweep.push(await veilbook('sweep', '--dataset', dataset));
}
await alone.close();
baseline.close();
const many = await veilbook('evaluate', '--dataset', repeated(dataset, photographs, repeat));

const least = values => Math.min(...values);
const seconds = kind => least(runs[kind].map(({ document }) => document.seconds));
const count = photographs.length;
const [first] = runs.clean;
const theirs = baseline.versions ? least(runs.theirs.map(round => round.seconds)) : null;
const allowed = Math.max(...runs.alone);
const mebibytes = bytes => bytes / 2 ** 20;
const report = {
  schema: 1,
  photographs: count,
  cores,
  rounds,
  images_per_s: {
    ours: count / seconds('clean'),
    // The set repeated: starting workers and sessions weighs less.
    ours_repeated: many.document.images_per_s,
    baseline: theirs && count / theirs,
    compute_allows: allowed
  },
  ratio: theirs && theirs / seconds('clean'),
  ratio_repeated: theirs && (theirs * many.document.images_per_s) / count,
  share_of_compute: count / seconds('clean') / allowed,
  share_of_compute_repeated: many.document.images_per_s / allowed,
  pooled_ap: {
    ours: first.document.pooled_ap,
    baseline: theirs && parts.precisionOf(photographs, runs.theirs[0].detections)
  },
  peak_mib: {
    once: mebibytes(least(runs.clean.map(({ peak }) => peak))),
    repeated: mebibytes(many.peak),
    times: repeat
  },
  sweep: {
    strengths: runs.sweep[0].document.rows.length,
    in_clean_evaluations: seconds('sweep') / seconds('clean'),
    in_noisy_evaluations: seconds('sweep') / seconds('noisy')
  },
  baseline: baseline.versions ?? baseline.reason
};

const number = (value, digits = 2) => (value === null ? '-' : value.toFixed(digits));
const rate = report.images_per_s;
process.stdout.write(
  json
    ? `${JSON.stringify(report, null, 2)}\n`
    : [
        `${count} photographs, ${cores} cores, fastest of ${rounds} interleaved rounds; clean, whole runs with start of workers`,
        `images a second   ours ${number(rate.ours, 1)} (set ${repeat} times: ${number(rate.ours_repeated, 1)}), ` +
          `cv2 + torch eager ${number(rate.baseline, 1)}${baseline.versions ? '' : ` (${baseline.reason})`}`,
        `ratio             ${number(report.ratio)} (${number(report.ratio_repeated)})`,
        `share of compute  ${number(report.share_of_compute)} (${number(report.share_of_compute_repeated)}) of ${number(allowed, 1)} images a second`,
        `pooled AP         ours ${number(report.pooled_ap.ours, 4)}, cv2 + torch ${number(report.pooled_ap.baseline, 4)}`,
        `peak memory       ${number(report.peak_mib.once, 0)} MiB once, ${number(report.peak_mib.repeated, 0)} MiB ${repeat} times`,
        `sweep             ${report.sweep.strengths} ALPHAs cost ${number(report.sweep.in_noisy_evaluations)} noisy evaluations, ` +
          `${number(report.sweep.in_clean_evaluations)} clean ones`,
        ''
      ].join('\n')
);
