/**
 * npm run attack:one -- --model faceboxes --images DIR --alpha .8 [--steps 400]
 *
 * Trains the decoder that an artefact was calibrated to on for one ALPHA alone, and prints what both recover of held-out
 * photographs (docs/obfuscation.md, "A decoder that works longer").
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'faceboxes' },
    images: { type: 'string' },
    alpha: { type: 'string', default: '.8' },
    steps: { type: 'string', default: '400' }
  }
});
const { attackOne, VeilError } = await import(pathToFileURL(await bundle('src/learning/attack-one.ts', 'attack-one')).href);
if (!values.images || !(Number(values.alpha) > 0) || !(Number(values.steps) > 0)) {
  process.stderr.write('attack-one: --images DIR is needed; --alpha and --steps are numbers above 0.\n');
  process.exit(2);
}
try {
  const found = await attackOne(values.model, values.images, Number(values.alpha), Number(values.steps));
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
} catch (error) {
  process.stderr.write(`attack-one: ${VeilError.from(error).line}\n`);
  process.exit(1);
}
