import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { frequenciesOf } from '../numerics/frequencies';
import { hartleyBins } from '../numerics/hartley';
import { radialBins } from '../numerics/radial-bins';
import {
  decodeSafetensors,
  ObfuscationDocument,
  VeilError,
  type Certificate,
  type ModelManifest,
  type TensorFile
} from '../protocol';
import { type ArtefactStatistics, type Weights } from './artefact-content';
import { fromTensors } from './artefact-tensors';
import { checkGrid, checkKnots, unusable } from './artefact-checks';
import { fromOneFile } from './decoders-file';
import { checkHash, sha256, short } from './manifest';

const SCHEMA = 3;

// TypeBox knows no formats of its own.
FormatRegistry.Set('date-time', text => !Number.isNaN(Date.parse(text)));

/** A learned obfuscation, read and checked: plain data that may cross to a worker. */
export interface Obfuscation {
  /** Where its files are. */
  dir: string;
  document: ObfuscationDocument;
  /** Of the document, which holds the hashes of all other files. */
  sha256: string;
  statistics: ArtefactStatistics;
  /** Spectral density of the noise per knot and radial bin, packed lower triangles [knots, bins, C(C+1)/2]. */
  noise: Float32Array;
  /** Of each of the H x W Hartley coefficients its radial bin, and how many of them each bin holds. */
  bins: Uint8Array;
  counts: Float64Array;
  /** Activation and noise are rounded to multiples of it: a power of two. */
  step: number;
  /** What an audit certified of it; without one nothing is said. */
  certificate?: Certificate | null;
}

/**
 * Read `obfuscation.json` and what noise is made of, and check that they belong to this model and can be run exactly. The
 * weights of server and decoder are read when they are needed.
 * @param expectedSha256 of the document, where a model.json vouches for it
 * @throws VeilError `artefact_mismatch`, `artefact_missing` or `model_mismatch`
 */
export async function readObfuscation(path: string, model: ModelManifest, expectedSha256?: string): Promise<Obfuscation> {
  const bytes = await readRequired(path);
  const hash = sha256(bytes);
  if (expectedSha256 !== undefined) {
    checkHash(path, expectedSha256, hash);
  }
  const document = parse(path, bytes);
  checkOwner(document, model);
  checkKnots(path, document);
  const dir = dirname(path);
  const [, height, width] = document.activation_shape;
  const radial = radialBins(frequenciesOf(height, width), document.ring_ends);
  const sizes = {
    shape: document.activation_shape,
    targets: document.targets,
    bins: radial.counts.length,
    knots: document.knots.length
  };
  const file = join(dir, document.statistics.file);
  const { statistics, noise } = await checked(file, async () => fromTensors(await readTensors(dir, document.statistics), sizes));
  const obfuscation: Obfuscation = {
    dir,
    document,
    sha256: hash,
    statistics,
    noise,
    bins: hartleyBins(radial),
    counts: radial.counts,
    step: 2 ** document.grid_exponent
  };
  checkGrid(path, obfuscation);
  return obfuscation;
}

/**
 * Weights of the adaptive decoder that was trained on the noise of one knot.
 * @param knot null: the one trained on clean activations
 * @throws VeilError `artefact_missing`, `artefact_mismatch`, `model_mismatch` when the file is another than at the learning
 */
export async function readDecoderWeights({ dir, document }: Obfuscation, knot: number | null): Promise<Weights> {
  const all = await readWeights(dir, document.decoder);
  return checked(join(dir, document.decoder.file), async () => fromOneFile(all, knot));
}

/**
 * Weights of denoiser and tail of one knot; null where the filter alone goes before the tail.
 * @throws VeilError as `readDecoderWeights`
 */
export async function readServerWeights({ dir, document }: Obfuscation, knot: number): Promise<Weights | null> {
  const { weights } = document.knots[knot];
  return weights && readWeights(dir, weights);
}

async function readWeights(dir: string, file: TensorFile): Promise<Weights> {
  const tensors = await readTensors(dir, file);
  return checked(join(dir, file.file), async () =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { data, shape }]) => {
        if (!(data instanceof Float32Array) || !data.every(Number.isFinite)) {
          throw new RangeError(`${name} is not made of finite numbers`);
        }
        return [name, { data: data.slice(), shape }];
      })
    )
  );
}

async function readTensors(dir: string, { file, sha256: expected, bytes }: TensorFile) {
  const path = join(dir, file);
  const content = await readRequired(path);
  if (content.length !== bytes) {
    throw unusable(path, `it has ${content.length} bytes, not ${bytes}`);
  }
  checkHash(path, expected, sha256(content));
  return checked(path, async () => decodeSafetensors(content).tensors);
}

/** What is wrong with a file's content, with the file's name. */
async function checked<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof RangeError) {
      throw unusable(path, thrown.message);
    }
    if (thrown instanceof VeilError && thrown.code === 'bad_tensor') {
      throw unusable(path, 'it is not valid safetensors');
    }
    throw thrown;
  }
}

async function readRequired(path: string): Promise<Buffer> {
  return readFile(path).catch(() => {
    throw new VeilError('artefact_missing', `${path} is not there. Nothing was run.`, 'Copy the model folder again.');
  });
}

function parse(path: string, bytes: Uint8Array): ObfuscationDocument {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw unusable(path, 'it is not JSON');
  }
  const schema = (document as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw new VeilError(
      'artefact_mismatch',
      `${path} was made by a newer Veilbook (schema ${schema}, this one reads ${SCHEMA}). Nothing was sent.`,
      'Update Veilbook, or use the artefact that came with this one.'
    );
  }
  if (typeof schema === 'number' && schema < SCHEMA) {
    throw new VeilError(
      'artefact_mismatch',
      `${path} was made by an older Veilbook (schema ${schema}, this one reads ${SCHEMA}). Nothing was sent.`,
      'Make it anew by veilbook learn.'
    );
  }
  const fault = Value.Errors(ObfuscationDocument, document).First();
  if (fault) {
    throw unusable(path, `${fault.path || 'the document'}: ${fault.message}`);
  }
  const found = document as ObfuscationDocument;
  const files = [found.statistics, found.decoder, ...found.knots.flatMap(({ weights }) => weights ?? [])];
  const outside = files.find(({ file }) => basename(file) !== file);
  if (outside) {
    throw unusable(path, `it names ${outside.file}, which is outside its folder`);
  }
  return found;
}

function checkOwner(document: ObfuscationDocument, model: ModelManifest): void {
  for (const part of ['head', 'tail'] as const) {
    const [belongs, has] = [document[`${part}_sha256`], model[part].sha256];
    if (belongs !== has) {
      throw new VeilError(
        'artefact_mismatch',
        `artefact belongs to another ${part} (sha256 ${short(belongs)}, this model has ${short(has)}). Nothing was sent.`,
        'Use the artefact that was made for this model, or remove it to run clean only.'
      );
    }
  }
  const [belongs, has] = [document.activation_shape, model.head.activation.shape];
  if (belongs.join() !== has.join()) {
    throw new VeilError(
      'artefact_mismatch',
      `artefact is for activations of [${belongs}], this model's are [${has}]. Nothing was sent.`,
      'Use the artefact that was made for this model.'
    );
  }
}
