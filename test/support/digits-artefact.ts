import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDecoder } from '../../src/learning/attacker';
import { alphaOf, leakage, noNoise } from '../../src/learning/leakage';
import { Sampler, type Sample } from '../../src/learning/samples';
import { statisticsOf } from '../../src/learning/statistics';
import { gridExponentFor, loadModel, pack, writeArtefact } from '../../src/models';
import { trace } from '../../src/numerics/matrix';
import { RINGS } from '../../src/numerics/radial-bins';
import { Random } from '../../src/numerics/random';
import { identity, type Matrix } from '../../src/numerics/symmetric';
import { DIGITS, writeDigits } from '../models/digits';
import { weightsOf } from './artefact';

const DEVICE = { providers: ['cpu' as const], threads: 1 };

export interface DigitsWithArtefact {
  /** The model folder, in a temporary one of its own. */
  dir: string;
  /** Drawings that it was not made from. */
  images: string;
}

/**
 * The classifier of the tests with an obfuscation of white noise that is what it says: its statistics are those of
 * drawings, its ALPHAs those of the linear attacker, its decoder begins as that.
 */
export async function digitsWithArtefact(count: number, alphas: readonly number[]): Promise<DigitsWithArtefact> {
  const root = mkdtempSync(join(tmpdir(), 'veilbook-digits-'));
  const dir = join(root, 'digits');
  cpSync(DIGITS, dir, { recursive: true });
  const { manifest } = await loadModel(dir);
  const shape = manifest.head.activation.shape as [number, number, number];
  const samples = await samplesOf(dir, join(root, 'learned'), 64, 5);
  const statistics = await statisticsOf(samples, shape, DEVICE, () => undefined);
  const { spectra } = statistics;
  const white = (power: number): Matrix[] =>
    spectra.aa.map(() => identity(spectra.channels).map(value => value * power * trace(spectra.aa.at(-1)!, spectra.channels)));
  const noise = alphas.map(alpha => white(powerFor(power => alphaOf(spectra, white(power)), alpha)));
  const decoder = weightsOf(freshDecoder(statistics, new Random(3)));
  const stated = (r2: number) => ({
    linear: { r2, interval: [r2, r2] as [number, number] },
    decoder: { r2, interval: [r2, r2] as [number, number] },
    detail: 0
  });
  const clean = leakage(spectra, noNoise(spectra));
  const { sha256 } = await writeArtefact(
    dir,
    {
      schema: 3,
      kind: 'stationary-gaussian',
      mode: 'calibrated',
      head_sha256: manifest.head.sha256,
      tail_sha256: manifest.tail.sha256,
      activation_shape: shape,
      targets: spectra.targets,
      ring_ends: RINGS,
      looks: 1,
      grid_exponent: gridExponentFor(pack(noise[0], spectra.channels), spectra.bins.counts, spectra.channels),
      clean: stated(clean),
      knots: alphas.map((alpha, k) => ({
        alpha,
        measured_alpha: alpha,
        leakage: stated(leakage(spectra, noise[k])),
        looks: [{ looks: 1, alpha }],
        agreement: [{ server: ['filter' as const], ap: 1 }],
        server: ['filter' as const]
      })),
      provenance: {
        created: '2026-01-02T03:04:05Z',
        tool: 'test/support/digits-artefact.ts',
        seed: 5,
        image_source: 'digits',
        images_sha256: '0'.repeat(64),
        images: { fit: samples.length, select: 0, held_out: 0 },
        seconds: 0
      }
    },
    { ...statistics.kept, noise, decoders: { clean: decoder, knots: alphas.map(() => decoder) }, server: alphas.map(() => null) }
  );
  writeFileSync(join(dir, 'model.json'), JSON.stringify({ ...manifest, obfuscation: { file: 'obfuscation.json', sha256 } }));
  const images = join(root, 'images');
  await mkdir(images);
  await writeDigits(images, count, 11);
  return { dir, images };
}

async function samplesOf(dir: string, folder: string, count: number, seed: number): Promise<Sample[]> {
  await mkdir(folder);
  const sampler = await Sampler.open(await loadModel(dir), DEVICE);
  const samples: Sample[] = [];
  for (const path of await writeDigits(folder, count, seed)) {
    samples.push(await sampler.sample(path));
  }
  await sampler.release();
  return samples;
}

/** By bisection, in the logarithm. */
function powerFor(alphaAt: (power: number) => number, alpha: number): number {
  let [low, high] = [-15, 15];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    [low, high] = alphaAt(Math.exp(middle)) < alpha ? [middle, high] : [low, middle];
  }
  return Math.exp(low);
}
