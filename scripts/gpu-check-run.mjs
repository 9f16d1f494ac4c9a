/** What `gpu-check --run` does on the machine with the GPU: run, compare with the CPU, measure, print a table. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** A GPU adds in another order, and some in TensorFloat-32: boxes and scores may differ by this much from the CPU's. */
const PIXELS = 1;
const SCORE = 0.01;
const ALPHA = '0.2';

/** @returns the exit code: 0 when every device that ran found what the CPU found, and every required device ran. */
export async function check(folder, args) {
  const { values } = parseArgs({
    args,
    options: {
      'cuda-libs': { type: 'string' },
      require: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '10' }
    }
  });
  if (values['cuda-libs']) {
    takeCudaLibraries(values['cuda-libs'], join(folder, 'node_modules/onnxruntime-node/bin'));
  }
  const veilbook = (...words) => runCli(join(folder, 'veilbook/node/cli.mjs'), words);
  const images = readdirSync(join(folder, 'images')).map(name => join(folder, 'images', name));
  const { devices } = veilbook('devices', '--json').document;
  const gpus = devices.map(({ id }) => id).filter(id => id !== 'cpu');
  // Frames of `auto` are spread over all GPUs when there are several.
  const choices = ['cpu', ...gpus, ...(gpus.filter(id => id.startsWith('cuda:')).length > 1 ? ['auto'] : [])];

  const outcomes = [];
  for (const choice of choices) {
    outcomes.push(tryDevice(veilbook, choice, images, outcomes[0]));
  }
  const ran = outcomes.filter(({ choice, ok, device }) => ok && (choice === 'cpu' || device !== 'cpu'));
  const timings = ran
    .filter(({ choice }) => choice !== 'auto')
    .map(({ choice }) => ({
      choice,
      bench: veilbook('bench', 'pipeline', '--device', choice, '--rounds', values.rounds, '--json', '--image', images[0]).document
    }));

  print(devices, outcomes, timings);
  const missing = values.require.filter(choice => !ran.some(outcome => outcome.choice === choice));
  for (const choice of missing) {
    process.stdout.write(`${choice} was required and did not run.\n`);
  }
  const faults = outcomes.filter(({ ok }) => !ok).length + missing.length;
  process.stdout.write(
    faults === 0 ? 'gpu-check: every device that ran agrees with the CPU\n' : `gpu-check: ${faults} fault(s)\n`
  );
  return faults === 0 ? 0 : 1;
}

function takeCudaLibraries(from, bin) {
  for (const api of readdirSync(bin)) {
    for (const name of readdirSync(from).filter(file => file.startsWith('libonnxruntime_providers_'))) {
      copyFileSync(join(from, name), join(bin, api, 'linux/x64', name));
    }
  }
}

function runCli(cli, words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  let document = null;
  try {
    document = JSON.parse(stdout);
  } catch {
    // The caller looks at `status` and `stderr`.
  }
  if (status !== 0 && words[0] !== 'detect') {
    throw new Error(`veilbook ${words.join(' ')}: ${stderr.trim() || `exit code ${status}`}`);
  }
  return { status, document, stderr: stderr.trim() };
}

/** Clean and noisy with one seed, so that both devices see the same noise. */
function tryDevice(veilbook, choice, images, reference) {
  const results = [];
  for (const mode of [['clean'], ['noisy', '--alpha', ALPHA, '--insecure-seed', '1']]) {
    const { status, document, stderr } = veilbook('detect', ...images, '--device', choice, '--json', '--mode', ...mode);
    if (status !== 0 || !document) {
      return { choice, ok: false, device: '-', remark: stderr.split('\n').at(-1) || `exit code ${status}`, faces: '' };
    }
    results.push(...document.results);
  }
  const device = [...new Set(results.map(result => result.device))].join(' + ');
  const remark = results[0].notices.find(line => line.includes('Running on the CPU instead')) ?? '';
  const faces = results.map(({ detections, threshold }) => detections.filter(({ score }) => score >= threshold).length).join(' ');
  const difference = reference ? results.map((result, n) => furthest(result, reference.results[n])) : [];
  const worst = difference.reduce((a, b) => ({ pixels: Math.max(a.pixels, b.pixels), score: Math.max(a.score, b.score) }), {
    pixels: 0,
    score: 0
  });
  const ok = worst.pixels <= PIXELS && worst.score <= SCORE;
  return { choice, ok, device, remark, faces, worst, results };
}

/** The largest distance of a drawn box from its counterpart on the CPU; infinite when the number of boxes differs. */
function furthest(result, reference) {
  const drawn = ({ detections, threshold }) => detections.filter(({ score }) => score >= threshold + SCORE);
  const all = ({ detections }) => detections;
  let worst = { pixels: 0, score: 0 };
  const compare = (boxes, others) => {
    for (const box of boxes) {
      const distances = others.map(other => ({
        pixels: Math.max(...['x1', 'y1', 'x2', 'y2'].map(side => Math.abs(box[side] - other[side]))),
        score: Math.abs(box.score - other.score)
      }));
      const nearest = distances.reduce((a, b) => (b.pixels < a.pixels ? b : a), { pixels: Infinity, score: Infinity });
      worst = { pixels: Math.max(worst.pixels, nearest.pixels), score: Math.max(worst.score, nearest.score) };
    }
  };
  compare(drawn(result), all(reference));
  compare(drawn(reference), all(result));
  return worst;
}

function print(devices, outcomes, timings) {
  const line = (...cells) => process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  line('device  ', 'name');
  for (const { id, name, memory_total_mib: memory, reason } of devices) {
    line(id.padEnd(8), name, memory === null ? '' : `${(memory / 1024).toFixed(1)} GiB`, reason && `not usable: ${reason}`);
  }
  line();
  line('asked   ', 'ran on    ', 'faces clean, noisy', 'furthest from the CPU');
  for (const { choice, ok, device, faces, worst, remark } of outcomes) {
    const distance = worst ? `${worst.pixels.toFixed(3)} px, score ${worst.score.toFixed(5)}` : '';
    line(choice.padEnd(8), device.padEnd(10), faces.padEnd(18), distance, ok ? '' : 'DISAGREES', remark);
  }
  line();
  line('ms, fastest round'.padEnd(18), ...timings.map(({ choice }) => choice.padStart(10)));
  const stages = { ...timings[0].bench.stages, 'array to boxes': null };
  for (const stage of Object.keys(stages)) {
    const cells = timings.map(({ bench }) => bench.stages[stage]?.ours_ms ?? bench.array_to_boxes.ours_1t_ms);
    line(stage.padEnd(18), ...cells.map(ms => ms.toFixed(2).padStart(10)));
  }
  line();
}
