/**
 * npm run compare:noise -- --model DIR --images DIR --labels DIR [--seeds 3] [--alphas .8] [--families NAME,…] [--steps 800]
 *                          [--json] [--out FILE]
 *
 * Families of noise at equal leakage to the full-field linear attacker, side by side (docs/obfuscation.md, "Comparison of
 * noises"): what a decoder trained on each recovers, and what a detector keeps. --images holds photographs to learn from,
 * --labels photographs with boxes in the layout of FDDB. Tables go to stdout, in Markdown or JSON, progress to stderr.
 * --out keeps finished rows, one JSON line each: the same command goes on where it was stopped.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const USE = 'Use: npm run compare:noise -- --model DIR --images DIR --labels DIR [--seeds N] [--alphas A,…] [--families NAME,…]';

function fail(message) {
  process.stderr.write(`compare-noise: ${message}\n`);
  process.exit(1);
}

/** The comparison, and a hash of its code. */
async function load() {
  const outfile = await bundle('src/learning/comparison/index.ts', 'compare-noise');
  const program = createHash('sha256').update(readFileSync(outfile)).digest('hex').slice(0, 12);
  return { ...(await import(pathToFileURL(outfile).href)), program };
}

function options() {
  try {
    return parseArgs({
      options: {
        model: { type: 'string' },
        images: { type: 'string' },
        labels: { type: 'string' },
        seeds: { type: 'string', default: '3' },
        alphas: { type: 'string', default: '.8' },
        families: { type: 'string' },
        steps: { type: 'string', default: '800' },
        json: { type: 'boolean', default: false },
        out: { type: 'string' }
      }
    }).values;
  } catch (error) {
    return fail(`${error.message} ${USE}`);
  }
}

function whole(name, text) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fail(`--${name} ${text} is not a whole number above 0.`);
}

function shares(text) {
  const values = text.split(',').map(Number);
  return values.every(value => value > 0 && value < 1) ? values : fail(`--alphas ${text}: values lie between 0 and 1.`);
}

/** A line for each thing that is done, and on a terminal how far it is. */
function progress(what, steps) {
  let done = 0;
  const began = performance.now();
  return () => {
    done++;
    if (process.stderr.isTTY && done < steps) {
      process.stderr.write(`\r${what} ${done}/${steps} `);
    } else if (done === steps) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${what} ${done}/${steps}, ${seconds} s\n`);
    }
  };
}

const { model, images, labels, seeds, alphas, families, steps, json, out } = options();
if (!model || !images || !labels) {
  fail(`--model, --images and --labels are needed. ${USE}`);
}
const { compareNoise, FAMILIES, markdownOf, tablesOf, VeilError, program } = await load();
const asked = families?.split(',').map(name => name.trim());
const unknown = asked?.find(name => !FAMILIES.includes(name));
if (unknown !== undefined) {
  fail(`there is no family ${unknown}. Families: ${FAMILIES.join(', ')}.`);
}
const question = {
  model,
  images,
  labels,
  alphas: shares(alphas),
  families: asked,
  seeds: whole('seeds', seeds),
  steps: whole('steps', steps),
  out: out ?? null,
  program
};
const rows = await compareNoise(question, progress).catch(error => fail(VeilError.from(error).line));
const programs = [...new Set(rows.map(row => row.program))];
if (programs.length > 1) {
  process.stderr.write(`These rows were made by ${programs.length} versions of the code (${programs.join(', ')}).\n`);
}
const tables = tablesOf(rows);
process.stdout.write(
  json ? `${JSON.stringify({ schema: 1, programs, tables, rows }, null, 2)}\n` : tables.map(markdownOf).join('\n')
);
