import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Obfuscation } from '../../../src/models';
import { triangle } from '../../../src/models/artefact-tensors';
import { type Mutant } from '../mutant';
import { soundSender } from '../senders';

/** A sound sender of an artefact that is not the declared one, or is wrong itself. */
function of(name: string, plants: string, change: (obfuscation: Obfuscation) => Obfuscation, declaredToo: boolean): Mutant {
  return {
    name,
    plants,
    of: async (_, obfuscation) => {
      const changed = change(obfuscation);
      return { sender: await soundSender(changed), obfuscation: declaredToo ? changed : obfuscation };
    }
  };
}

/** The noise of one knot, changed value by value of its packed triangles. */
function knotNoise(obfuscation: Obfuscation, knot: number, change: (value: number, at: number) => number): Obfuscation {
  const size = obfuscation.counts.length * triangle(obfuscation.document.activation_shape[0]);
  return {
    ...obfuscation,
    noise: obfuscation.noise.map((value, i) => (Math.floor(i / size) === knot ? change(value, i % size) : value))
  };
}

const document = (obfuscation: Obfuscation, change: Partial<Obfuscation['document']>): Obfuscation => ({
  ...obfuscation,
  document: { ...obfuscation.document, ...change }
});

/** A file of the artefact, changed on the disk under the sound sender. */
function file(name: string, plants: string, change: (dir: string) => void): Mutant {
  return {
    name,
    plants,
    of: (sender, obfuscation) => {
      change(obfuscation.dir);
      return { sender, obfuscation };
    }
  };
}

/** What is wrong about the artefact. */
export const ARTEFACT_FAULTS: readonly Mutant[] = [
  of('a stale artefact', 'the noise is that of an earlier learning', o => ({ ...o, noise: o.noise.map(v => 0.9 * v) }), false),
  of(
    'an artefact changed in memory',
    'declared and drawn alike, but not what is on the disk',
    o => ({ ...o, noise: o.noise.map(v => 0.5 * v) }),
    true
  ),
  of('knots that shrink', 'the last knot has less noise than the one before', o => knotNoise(o, 2, v => 0.4 * v), true),
  of('knots that shrink in one channel', 'in one ring', o => knotNoise(o, 2, (v, at) => (at === 0 ? 0.2 * v : v)), true),
  of(
    'a grid too coarse',
    'rounding shows',
    o => ({ ...document(o, { grid_exponent: o.document.grid_exponent + 3 }), step: 8 * o.step }),
    true
  ),
  of("another head's artefact", 'hashes of another model', o => document(o, { head_sha256: '1'.repeat(64) }), true),
  of("another tail's artefact", 'hashes of another model', o => document(o, { tail_sha256: '1'.repeat(64) }), true),
  file('a stale decoder', 'its file is another than was learned', dir => appendFileSync(join(dir, 'decoder.safetensors'), ' ')),
  file('weights of another learning', 'its file is another than was learned', dir => {
    const bytes = readFileSync(join(dir, 'server-0.50.safetensors'));
    bytes[bytes.length - 2] ^= 1;
    writeFileSync(join(dir, 'server-0.50.safetensors'), bytes);
  }),
  file('a document that was edited', 'it is another than was read', dir => appendFileSync(join(dir, 'obfuscation.json'), '\n'))
];
