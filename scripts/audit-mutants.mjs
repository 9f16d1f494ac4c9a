/**
 * npm run audit:mutants [-- --json] [--only TEXT] [--part 1/2] [--record]
 *
 * The audit's own test: faults are planted into senders and artefacts, one at a time, and the conformance checks have to
 * find each; sound artefacts of many kinds have to pass (docs/audit.md, "The audit's own test"). --only runs the faults and
 * artefacts whose name holds the text, --part 1/2 every second one. --record writes the counts down for the reports of
 * audits (src/audit/own-test.json), with a hash of the checks that they hold for. Exit status 1 below 95 % found, or on any false alarm.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const LEAST_FOUND = 0.95;
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    part: { type: 'string', default: '1/1' },
    record: { type: 'boolean', default: false }
  }
});
const [part, parts] = values.part.split('/').map(Number);
if (values.record && (values.only || parts !== 1)) {
  process.stderr.write('audit-mutants: --record writes down the whole test; leave --only and --part out.\n');
  process.exit(1);
}
// The bundle lies elsewhere than the models that it is planted in.
process.env.VEILBOOK_ROOT = join(import.meta.dirname, '..');
const { checksDigest, MUTANTS, plantAll, RECIPES, soundAll, soundBundled } = await import(
  pathToFileURL(await bundle('test/mutants/index.ts', 'audit-mutants')).href
);

const began = performance.now();
const chosen = ({ name }, i) => name.includes(values.only) && i % parts === part - 1;
const rows = [];
async function gather(outcomes, kind) {
  for await (const { name, failed, seconds } of outcomes) {
    const row = { kind, name, found_by: failed.map(check => check.name), details: failed.map(check => check.detail), seconds };
    rows.push(row);
    if (!values.json) {
      const verdict = kind === 'sound' ? (failed.length ? 'ALARM' : 'passes') : failed.length ? 'found' : 'MISSED';
      process.stdout.write(`${verdict.padEnd(7)}${name.padEnd(52)}${row.found_by.join(', ')}\n`);
      if (verdict === 'ALARM') {
        process.stdout.write(row.details.map(detail => `       ${detail}\n`).join(''));
      }
    }
  }
}
await gather(plantAll(MUTANTS.filter(chosen)), 'planted');
await gather(soundAll(RECIPES.filter((recipe, i) => chosen({ name: `seed ${recipe.seed}` }, i))), 'sound');
if (chosen({ name: 'bundled artefact' }, 0)) {
  await gather(soundBundled(), 'sound');
}

const of = kind => rows.filter(row => row.kind === kind);
const failing = kind => of(kind).filter(row => row.found_by.length > 0);
const summary = {
  planted: of('planted').length,
  found: failing('planted').length,
  sound: of('sound').length,
  alarms: failing('sound').length,
  missed: of('planted')
    .filter(row => row.found_by.length === 0)
    .map(({ name }) => name),
  seconds: Math.round((performance.now() - began) / 1000)
};
if (values.record) {
  const { planted, found, sound, alarms } = summary;
  const record = { planted, found, sound, alarms, checks_sha256: checksDigest(process.env.VEILBOOK_ROOT) };
  writeFileSync(join(process.env.VEILBOOK_ROOT, 'src', 'audit', 'own-test.json'), `${JSON.stringify(record, null, 2)}\n`);
}
if (values.json) {
  process.stdout.write(`${JSON.stringify({ ...summary, rows }, null, 2)}\n`);
} else {
  const { planted, found, sound, alarms, missed, seconds } = summary;
  process.stdout.write(`\nplanted ${planted}, found ${found}; sound ${sound}, alarms ${alarms}; ${seconds} s\n`);
  process.stdout.write(missed.length > 0 ? `missed: ${missed.join('; ')}\n` : '');
}
process.exit(summary.found < LEAST_FOUND * summary.planted || summary.alarms > 0 ? 1 : 0);
