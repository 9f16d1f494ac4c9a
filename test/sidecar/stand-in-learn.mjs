/**
 * Stands in for `veilbook learn --as-job` in tests of the sidecar and its clients: it learns nothing, but refuses arguments that the real
 * one would refuse, and ends as the folder of photographs is called: quick, busy, slow, refused, crash, stubborn.
 */
import { existsSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: text,
    model: text,
    mode: text,
    alphas: text,
    out: text,
    looks: text,
    seed: text,
    device: text,
    install: { type: 'boolean' },
    'as-job': { type: 'boolean' }
  }
});
if (
  !process.send ||
  (positionals[0] ?? 'learn') !== 'learn' ||
  !values['as-job'] ||
  !isAbsolute(values.images) ||
  !isAbsolute(values.out)
) {
  throw new Error('This is not how a job is started.');
}

const tell = message => new Promise(settle => process.send(message, undefined, undefined, () => settle()));
const progress = (done, stage = 'refine', knot = 0.4) =>
  tell({ type: 'progress', progress: { stage, knot, done, seconds_left: 60 * (1 - done) } });
const end = async (code, message) => {
  await tell(message);
  process.exit(code);
};
const fail = (code, exit, message) => end(exit, { type: 'error', error: { code, message, remedy: 'Do otherwise.' } });
const report = {
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

process.once('disconnect', () => process.exit());
process.stderr.write('veilbook: stands in for learning\n');
const kind = basename(values.images);
if (kind !== 'stubborn') {
  process.once('SIGINT', () => void fail('cancelled', 130, 'Stopped at 10%.'));
} else {
  process.on('SIGINT', () => {});
}
await progress(0.1, 'spectra', null);
switch (kind) {
  case 'quick':
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
    setInterval(() => existsSync(`${values.images}.end`) && void end(0, { type: 'report', report }), 20);
}
