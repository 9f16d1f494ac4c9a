import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Subject } from '../../src/audit/conformance';
import { gridExponentFor, loadModel, pack, readObfuscation, writeArtefact, type Obfuscation } from '../../src/models';
import { readOnnxFile, type OnnxModel } from '../../src/models/onnx';
import { type ModelManifest } from '../../src/protocol';
import { frequenciesOf } from '../../src/numerics/frequencies';
import { radialBins } from '../../src/numerics/radial-bins';
import { Random } from '../../src/numerics/random';
import { product, transpose } from '../../src/numerics/matrix';
import { type Matrix } from '../../src/numerics/symmetric';
import { madeUp } from '../support/artefact';

/** What an artefact that nobody learned is to be like. */
export interface Recipe {
  seed: number;
  shape: [number, number, number];
  /** Deviation of the noise at the first knot, about. */
  scale: number;
  /** How unlike its directions are: 0 for white noise. */
  colour: number;
  /** How much stronger it is at low frequencies. */
  slope: number;
}

export interface Specimen {
  name: string;
  obfuscation: Obfuscation;
  samples: Subject['samples'];
  model: NonNullable<Subject['model']>;
  remove(): void;
}

const BUNDLED = resolve(process.env.VEILBOOK_ROOT ?? resolve(__dirname, '../..'), 'models/faceboxes');

let read: Promise<[ModelManifest, OnnxModel]> | undefined;

/** What made-up artefacts borrow from the bundled model, the same for all. */
function readOnce(): Promise<[ModelManifest, OnnxModel]> {
  read ??= loadModel(BUNDLED).then(async ({ manifest }) => [manifest, await readOnnxFile(join(BUNDLED, manifest.tail.file))]);
  return read;
}

/** An artefact of this recipe, written and read as a learned one, with activations for it. */
export async function specimen(recipe: Recipe): Promise<Specimen> {
  const [manifest, tail] = await readOnce();
  const { seed, shape } = recipe;
  const head = { ...manifest.head, activation: { ...manifest.head.activation, shape } };
  const model = { ...manifest, head, obfuscation: undefined };
  const { draft, content } = madeUp(model, tail);
  const random = new Random(seed);
  const { counts } = radialBins(frequenciesOf(shape[1], shape[2]), draft.ring_ends);
  const noise = risingNoise(recipe, draft.knots.length, counts.length, random);
  const dir = mkdtempSync(join(tmpdir(), 'veilbook-specimen-'));
  const made = {
    ...content,
    noise,
    activation_low: content.activation_low.fill(-4),
    activation_high: content.activation_high.fill(6)
  };
  await writeArtefact(dir, { ...draft, grid_exponent: gridExponentFor(pack(noise[0], shape[0]), counts, shape[0]) }, made);
  const obfuscation = await readObfuscation(join(dir, 'obfuscation.json'), model);
  return {
    name: `${shape.join(' x ')}, seed ${seed}`,
    obfuscation,
    samples: Array.from({ length: 24 }, () => activationOf(shape, draft.targets, random)),
    model: { dir: BUNDLED, manifest: model },
    remove: () => rmSync(dir, { recursive: true })
  };
}

/** The artefact that is delivered, with made-up activations. */
export async function bundled(): Promise<Specimen> {
  const model = await loadModel(BUNDLED);
  const obfuscation = model.obfuscation!;
  const random = new Random(3);
  const { activation_shape: shape, targets } = obfuscation.document;
  return {
    name: 'bundled artefact',
    obfuscation,
    samples: Array.from({ length: 8 }, () => activationOf(shape, targets, random)),
    model,
    remove: () => undefined
  };
}

/** [knots][bins] of densities [C,C]: each knot adds one of its own, so that noise grows in every direction. */
function risingNoise({ shape: [C], scale, colour, slope }: Recipe, knots: number, rings: number, random: Random): Matrix[][] {
  let before: Matrix[] = Array.from({ length: rings }, () => new Float64Array(C * C));
  return Array.from({ length: knots }, (_, knot) => {
    before = before.map((S, ring) => {
      const mix = Float64Array.from({ length: C * C }, () => random.normal(0, colour / Math.sqrt(C)));
      const more = product(mix, transpose(mix, C, C), C, C, C);
      const power = ((1 + knot) * scale * (1 + slope / (1 + ring))) ** 2;
      return S.map((value, i) => value + power * (more[i] + (i % (C + 1) === 0 ? 0.3 : 0)));
    });
    return before;
  });
}

/** Blobs behind a rectifier, so that many values are 0, over an image with the same blobs. */
function activationOf([C, H, W]: [number, number, number], targets: number, random: Random): Subject['samples'][number] {
  const activation = new Float32Array(C * H * W);
  const target = new Float32Array(targets * H * W);
  const [y, x, width] = [random.uniform(0, H), random.uniform(0, W), random.uniform(1, H / 3)];
  const blob = (at: number) => Math.exp(-((Math.floor(at / W) - y) ** 2 + ((at % W) - x) ** 2) / width ** 2);
  for (let i = 0; i < activation.length; i++) {
    activation[i] = Math.max(0, random.normal(0, 0.7) + (1 + (Math.floor(i / (H * W)) % 3)) * blob(i % (H * W)));
  }
  for (let i = 0; i < target.length; i++) {
    target[i] = Math.min(1, Math.max(0, 0.3 + 0.5 * blob(i % (H * W)) + random.normal(0, 0.05)));
  }
  return { activation, target };
}

/** Twenty unlike artefacts, among them ones with hardly any noise in some directions. */
export const RECIPES: readonly Recipe[] = Array.from({ length: 20 }, (_, i) => ({
  seed: 100 + i,
  shape: (
    [
      [8, 8, 8],
      [10, 8, 16],
      [12, 12, 12],
      [6, 16, 16]
    ] as [number, number, number][]
  )[i % 4],
  scale: [0.05, 0.3, 1, 4][Math.floor(i / 4) % 4],
  colour: [0, 0.5, 1, 2, 5][i % 5],
  slope: [0, 1, 4][i % 3]
}));
