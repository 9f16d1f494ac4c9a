/**
 * npm run cluster:build [-- api|csi|node] [-- --jobs=N]
 * Compiles what a level needs (level node unless said otherwise) into a cache outside the checkout, N packages at a time.
 * Minutes the first time, nothing to do afterwards.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { asCommand } from './lib/complaint.mjs';
import { buildImages } from './lib/image.mjs';
import { requireLevel } from './lib/levels.mjs';
import { built, images } from './lib/places.mjs';
import { buildPrograms } from './lib/programs.mjs';

const { values, positionals } = parseArgs({
  options: { jobs: { type: 'string', default: `${availableParallelism()}` } },
  allowPositionals: true
});
const say = line => process.stdout.write(`${line}\n`);

await asCommand(async () => {
  const level = positionals[0] ?? 'node';
  requireLevel(level);
  buildPrograms(level, Number(values.jobs), say);
  say(`programs: ${built}`);
  if (level === 'node') {
    buildImages(say);
    say(`images: ${images}`);
  }
});
