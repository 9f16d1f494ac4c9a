/**
 * Stands in for `veilbook learn --as-job`, `audit`, `evaluate` and `sweep` in tests of the sidecar and its clients: it does
 * nothing, but refuses arguments that the real one would refuse, and ends as the folder of photographs or the data set is called:
 * quick, busy, slow, refused, crash, stubborn.
 */
import { existsSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: text,
    dataset: text,
    format: text,
    category: text,
    workers: text,
    noisy: { type: 'boolean' },
    alpha: text,
    model: text,
    mode: text,
    alphas: text,
    out: text,
    looks: text,
    seed: text,
    device: text,
    install: { type: 'boolean' },
    full: { type: 'boolean' },
    report: text,
    attack: { type: 'string', multiple: true },
    'as-job': { type: 'boolean' }
  }
});
const command = positionals[0] ?? 'learn';
const evaluation = command === 'evaluate' || command === 'sweep';
const subject = evaluation ? values.dataset : values.images;
if (
  !process.send ||
  !['learn', 'audit', 'evaluate', 'sweep'].includes(command) ||
  !values['as-job'] ||
  !isAbsolute(subject) ||
  !isAbsolute(values.out ?? (evaluation ? '/' : ''))
) {
  throw new Error('This is not how a job is started.');
}

const kind = basename(subject);
const tell = message => new Promise(settle => process.send(message, undefined, undefined, () => settle()));
const progress = (done, stage = 'refine', strength = 0.4) => {
  if (evaluation) {
    const counted = { images: 40 * done, of: 40, images_per_s: 8 };
    return tell({ type: 'progress', progress: { ...counted, done, seconds_left: 5 * (1 - done) } });
  }
  const about = command === 'learn' ? { stage, knot: strength } : { stage: 'A1', alpha: strength };
  return tell({ type: 'progress', progress: { ...about, done, seconds_left: 60 * (1 - done) } });
};
const end = async (code, message) => {
  await tell(message);
  process.exit(code);
};
const fail = (code, exit, message) => end(exit, { type: 'error', error: { code, message, remedy: 'Do otherwise.' } });
const learned = {
  schema: 1,
  artefact: { path: `${values.out}/obfuscation.json`, sha256: 'a'.repeat(64), mode: 'calibrated' },
  model: { name: 'stand-in', head_sha256: 'b'.repeat(64), tail_sha256: 'c'.repeat(64) },
  images: { fit: 8, select: 4, held_out: 4, left_out: 1 },
  stages: [{ stage: 'measure', seconds: 1 }],
  seconds: 1,
  knots: [
    { alpha: 0.2, measured_alpha: 0.21, linear_r2: 0.7, decoder_r2: 0.72, agreement_ap: 0.99, server: ['filter'] },
    { alpha: 0.8, measured_alpha: 0.8, linear_r2: 0.18, decoder_r2: 0.17, agreement_ap: 0.9, server: ['filter', 'denoiser'] }
  ],
  notices: [JSON.stringify(values)]
};

const recovered = (r2, input = 'raw') => ({
  name: 'A1',
  title: 'linear',
  input,
  looks: 1,
  r2,
  ci: [r2 - 0.01, r2 + 0.01],
  metrics: Object.fromEntries(
    ['psnr', 'ssim', 'ms_ssim', 'pearson2', 'detail_r2', 'image_r2'].map(name => [name, { mean: r2, ci: [r2, r2], worst5: r2 }])
  ),
  reid: null,
  worst_image: 'one.jpg',
  training: null,
  seconds: 1
});
const hash = 'a'.repeat(64);
const sound = kind !== 'void';
const audited = {
  report: {
    schema: 1,
    created: '2026-11-21T12:00:00.000Z',
    tool: JSON.stringify(values),
    effort: values.full ? 'full' : 'quick',
    seed: 0,
    artefact: { sha256: hash, mode: 'calibrated', created: '2026-11-20T12:00:00Z', looks: 1 },
    model: { name: 'stand-in', head_sha256: hash, tail_sha256: hash },
    images: { source: 'quick', sha256: hash, train: 8, attacked: 4, gallery: 12, left_out: 0 },
    clean: [recovered(0.8)],
    alphas: [
      {
        alpha: 0.8,
        attacks: [recovered(0.16)],
        strongest: { name: 'A1', input: 'raw', r2: 0.16, ci: [0.15, 0.17] },
        alpha_certified: 0.8,
        bits: 10
      }
    ],
    controls: [{ name: 'reach', title: 'A1 on clean activations', passed: sound, detail: 'R2 .8' }],
    conformance: [],
    monotone: { compared: 0, violations: [] },
    ceiling: null,
    own_test: { planted: 50, found: 50, sound: 24, alarms: 0 },
    sheet: [{ alpha: 0.8, image: '<one>.jpg', attack: 'A1', r2: 0.2, original: 'AAAA', recovered: 'BBBB' }],
    versions: {},
    seconds: 1,
    verdict: sound ? 'valid' : 'void'
  },
  figures: { alphas: '<svg xmlns="http://www.w3.org/2000/svg"/>', looks: null }
};

const folds = [
  { fold: 'FDDB-fold-1', ap: 0.9, images: 20, faces: 30, bad: 0 },
  { fold: 'FDDB-fold-2', ap: null, images: 18, faces: 0, bad: 2 }
];
const measured = { average_ap: 0.9, pooled_ap: 0.89, folds, roc: null };
const circumstances = {
  schema: 1,
  dataset: 'FDDB',
  format: 'fddb',
  images: 38,
  faces: 30,
  bad: 12,
  bad_records: Array.from({ length: 11 }, (_, i) => ({ place: `<list>.txt, line ${i + 1}`, message: 'is no number.' })),
  images_per_s: 8,
  seconds: 5,
  device: 'cpu',
  versions: {},
  hashes: { dataset: hash, head: hash, tail: hash, artefact: null }
};
const alpha = values.alpha === undefined ? null : Number(values.alpha);
const evaluated = {
  document: {
    ...circumstances,
    ...measured,
    mode: values.noisy ? 'noisy' : 'clean',
    alpha,
    map: 0.9,
    roc: [{ false_positives: 100, discrete: 0.95, continuous: 0.7 }]
  },
  figure: null,
  notices: [JSON.stringify(values)]
};
const swept = {
  document: {
    ...circumstances,
    clean: { ...measured, leakage: 0.9 },
    rows: [
      { ...measured, alpha: 0.3, average_ap: 0.88, retained: 0.88 / 0.9, leakage: null },
      { ...measured, alpha: 0.8, average_ap: 0.81, retained: 0.9, leakage: 0.18 }
    ],
    looks: null
  },
  figure: '<svg xmlns="http://www.w3.org/2000/svg"/>',
  notices: [JSON.stringify(values)]
};
const report = { learn: learned, audit: audited, evaluate: evaluated, sweep: swept }[command];

process.once('disconnect', () => process.exit());
process.stderr.write('veilbook: stands in for learning\n');
if (kind !== 'stubborn') {
  process.once('SIGINT', () => void fail('cancelled', 130, 'Stopped at 10%.'));
} else {
  process.on('SIGINT', () => {});
}
await progress(0.1, 'spectra', null);
switch (kind) {
  case 'quick':
  case 'void':
    await end(0, { type: 'report', report });
    break;
  case 'busy':
    for (const until = performance.now() + 1500; performance.now() < until;) {
      await progress(0.5);
      await new Promise(settle => setTimeout(settle, 2));
    }
    await end(0, { type: 'report', report });
    break;
  case 'refused':
    await fail('bad_request', 2, '3 photographs are too few.');
    break;
  case 'crash':
    process.kill(process.pid, 'SIGKILL');
    break;
  default:
    // Until it is told to stop, or the file appears beside the photographs.
    setInterval(() => existsSync(`${subject}.end`) && void end(0, { type: 'report', report }), 20);
}
