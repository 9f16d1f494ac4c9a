import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { ObfuscationArtefact, VeilError, type ArtefactRef, type ModelManifest } from '../protocol';
import { checkHash, sha256, short } from './manifest';

/** An artefact read and checked. Arrays are float32, row-major, in the shapes of `description.arrays`. */
export interface InterimObfuscation {
  description: ObfuscationArtefact;
  sha256: string;
  arrays: Record<keyof ObfuscationArtefact['arrays'], Float32Array>;
  /** Activation and noise are rounded to multiples of it: a power of two. */
  step: number;
}

/** float32 holds every whole number up to here, so z = code * step is exact. */
const EXACT = 2 ** 24;
/** The largest |epsilon| that Box-Muller makes of 32-bit uniforms: sqrt(2 ln 2^32). */
const LARGEST_EPSILON = 6.67;

/**
 * Read `obfuscation.json` and its binary, and check that they belong to this model and can be run exactly.
 * @param expectedSha256 of the JSON file, where a model.json vouches for it
 * @throws VeilError `artefact_mismatch`, `artefact_missing` or `model_mismatch`
 */
export async function readInterim(path: string, model: ModelManifest, expectedSha256?: string): Promise<InterimObfuscation> {
  const bytes = await readRequired(path);
  const hash = sha256(bytes);
  if (expectedSha256 !== undefined) {
    checkHash(path, expectedSha256, hash);
  }
  const description = parse(path, bytes);
  checkOwner(description, model);
  const dataPath = join(dirname(path), basename(description.data.file));
  const data = await readRequired(dataPath);
  checkHash(dataPath, description.data.sha256, sha256(data));
  const obfuscation = { description, sha256: hash, arrays: slice(path, description, data), step: 2 ** description.grid_exponent };
  checkGrid(path, obfuscation);
  return obfuscation;
}

/** Is the document one of this kind? What is not one at all is told apart by its own reader. */
export async function isInterim(path: string): Promise<boolean> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))?.schema === 1;
  } catch {
    return false;
  }
}

/** What ALPHA means here, in one sentence; with a value, what that value means. */
export function interimMeaning({ description }: InterimObfuscation, alpha?: number): string {
  return alpha === undefined
    ? `Uncalibrated: ALPHA is the noise's standard deviation as a share of each channel's own` +
        ` (${description.alpha_min} … ${description.alpha_max}), not a measured leakage.`
    : `ALPHA ${alpha} on an uncalibrated artefact: a noise scale, not a measured leakage.`;
}

export function interimRef(obfuscation: InterimObfuscation): ArtefactRef {
  const { kind, calibrated } = obfuscation.description;
  return { sha256: obfuscation.sha256, kind, calibrated, meaning: interimMeaning(obfuscation) };
}

async function readRequired(path: string): Promise<Buffer> {
  return readFile(path).catch(() => {
    throw new VeilError('artefact_missing', `${path} is not there. Nothing was run.`, 'Copy the model folder again.');
  });
}

function parse(path: string, bytes: Uint8Array): ObfuscationArtefact {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw unusable(path, 'it is not JSON');
  }
  const fault = Value.Errors(ObfuscationArtefact, document).First();
  if (fault) {
    throw unusable(path, `${fault.path || 'the document'}: ${fault.message}`);
  }
  return document as ObfuscationArtefact;
}

function checkOwner(artefact: ObfuscationArtefact, model: ModelManifest): void {
  for (const part of ['head', 'tail'] as const) {
    const [belongs, has] = [artefact[`${part}_sha256`], model[part].sha256];
    if (belongs !== has) {
      throw new VeilError(
        'artefact_mismatch',
        `artefact belongs to another ${part} (sha256 ${short(belongs)}, this model has ${short(has)}). Nothing was sent.`,
        'Use the artefact that was made for this model, or remove it to run clean only.'
      );
    }
  }
  if (artefact.activation_shape.join() !== model.head.activation.shape.join()) {
    const [belongs, has] = [artefact.activation_shape, model.head.activation.shape];
    throw new VeilError(
      'artefact_mismatch',
      `artefact is for activations of [${belongs}], this model's are [${has}]. Nothing was sent.`,
      'Use the artefact that was made for this model.'
    );
  }
}

function slice(
  path: string,
  { arrays, data, activation_shape: [channels] }: ObfuscationArtefact,
  bytes: Uint8Array
): InterimObfuscation['arrays'] {
  const shapes: Record<keyof ObfuscationArtefact['arrays'], number[]> = {
    channel_mean: [channels],
    channel_deviation: [channels],
    activation_covariance: [channels, channels],
    pixel_covariance: [channels, 48],
    pixel_mean: [48]
  };
  if (bytes.length !== data.bytes) {
    throw unusable(path, `${data.file} has ${bytes.length} bytes, not ${data.bytes}`);
  }
  const read = (name: keyof typeof shapes): Float32Array => {
    const { offset, shape } = arrays[name];
    const count = shapes[name].reduce((product, n) => product * n, 1);
    if (shape.join() !== shapes[name].join() || offset + 4 * count > bytes.length) {
      throw unusable(path, `${name} is not [${shapes[name]}] within ${data.file}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 4 * count);
    const values = Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
    if (!values.every(Number.isFinite)) {
      throw unusable(path, `${name} holds a value that is not a finite number`);
    }
    return values;
  };
  return {
    channel_mean: read('channel_mean'),
    channel_deviation: read('channel_deviation'),
    activation_covariance: read('activation_covariance'),
    pixel_covariance: read('pixel_covariance'),
    pixel_mean: read('pixel_mean')
  };
}

/** The grid must be 64 times finer than the smallest noise, and codes must fit a float32 exactly. */
function checkGrid(path: string, { description, arrays, step }: InterimObfuscation): void {
  const { alpha_min: min, alpha_max: max, clamp_deviations: clamp } = description;
  if (!(min > 0 && min <= max)) {
    throw unusable(path, `its ALPHA range ${min} … ${max} is empty`);
  }
  const [, height, width] = description.activation_shape;
  if ((height * width) % 4 !== 0) {
    throw unusable(path, `planes of ${height} x ${width} values are not made of whole vectors of 4`);
  }
  const smallest = arrays.channel_deviation.reduce((least, deviation) => Math.min(least, deviation));
  if (!(step <= (min * smallest) / 64)) {
    throw unusable(path, `its grid of 2^${description.grid_exponent} is coarser than 1/64 of the smallest noise deviation`);
  }
  const reach = arrays.channel_deviation.reduce(
    (most, deviation, c) => Math.max(most, Math.abs(arrays.channel_mean[c]) + (clamp + max * LARGEST_EPSILON) * deviation),
    0
  );
  if (!(reach / step < EXACT - 1)) {
    throw unusable(path, `its grid of 2^${description.grid_exponent} is finer than float32 can hold`);
  }
}

const unusable = (path: string, why: string): VeilError =>
  new VeilError(
    'artefact_mismatch',
    `${path} cannot be used: ${why}. Nothing was sent.`,
    'Copy the model folder again, or make the artefact anew.'
  );
