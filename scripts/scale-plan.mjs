/**
 * node scripts/scale-plan.mjs [--images 1e6,1e9] [--hours 1] [--rate 30] [--image-bytes 1e5] [--label-bytes 100] [--detections 10]
 *                             [--storage 1e9] [--price 1] [--merge-ns N] [--simulated 20000] [--json]
 *
 * What an evaluation of so many images needs (docs/scale.md). First tallies of 1, 8 and 64 shards are simulated and merged, so that the
 * bytes and nanoseconds of a detection are this machine's and every division is seen to give the same; the rest is arithmetic on
 * the options, which are assumptions: images a second of one pod, bytes of an image and of its labels, detections of an image
 * that are counted, bytes a second of the storage, price of a pod's hour. --merge-ns takes the place of the measured time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const number = value => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: {
    images: number('1e6,1e9'),
    hours: number('1'),
    rate: number('30'),
    'image-bytes': number('1e5'),
    'label-bytes': number('100'),
    detections: number('10'),
    storage: number('1e9'),
    price: number('1'),
    'merge-ns': { type: 'string' },
    simulated: number('20000'),
    json: { type: 'boolean' }
  }
});
const of = name => Number(values[name]);
const { plan, simulate } = await import(pathToFileURL(await bundle('src/evaluation/scale.ts', 'scale-plan')).href);

const simulated = [];
for (const shards of [1, 8, 64]) {
  const dir = mkdtempSync(join(tmpdir(), 'veilbook-scale-'));
  try {
    simulated.push(await simulate(dir, shards, of('simulated'), of('detections')));
  } finally {
    rmSync(dir, { recursive: true });
  }
}
const last = simulated.at(-1);
const plans = values.images.split(',').map(images =>
  plan({
    images: Number(images),
    hours: of('hours'),
    rate: of('rate'),
    imageBytes: of('image-bytes'),
    labelBytes: of('label-bytes'),
    detections: of('detections'),
    storage: of('storage'),
    price: of('price'),
    tallyBytes: simulated[0].bytes / simulated[0].detections,
    mergeSeconds: values['merge-ns'] === undefined ? last.merge_seconds / last.detections : of('merge-ns') / 1e9
  })
);
const same = simulated.every(({ average_ap: ap }) => ap === simulated[0].average_ap);

if (values.json) {
  process.stdout.write(`${JSON.stringify({ schema: 1, same, simulated, plans }, null, 2)}\n`);
} else {
  const cell = value => (typeof value === 'number' ? Number(value.toPrecision(3)).toLocaleString('en') : String(value));
  const table = rows => {
    const names = Object.keys(rows[0]);
    return [names, names.map(() => '---'), ...rows.map(row => names.map(name => cell(row[name])))]
      .map(cells => `| ${cells.join(' | ')} |`)
      .join('\n');
  };
  const turned = rows =>
    Object.keys(rows[0])
      .filter(name => name !== 'images')
      .map(name => ({ '': name.replaceAll('_', ' '), ...Object.fromEntries(rows.map(row => [cell(row.images), row[name]])) }));
  // Exact, so that they can be compared; the time is the machine's, and told as JSON.
  const sizes = simulated.map(({ shards, images, detections, bytes, average_ap }) =>
    Object.fromEntries(
      Object.entries({ shards, images, detections, bytes, average_ap }).map(([name, value]) => [name, String(value)])
    )
  );
  process.stdout.write(`${table(sizes)}\n\nEvery division gives the same: ${same}\n\n${table(turned(plans))}\n`);
}
