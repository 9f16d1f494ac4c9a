import { mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frequenciesOf } from '../numerics/frequencies';
import { radialBins } from '../numerics/radial-bins';
import {
  encodeSafetensors,
  fromFloat16,
  LARGEST_FLOAT16,
  toFloat16,
  VeilError,
  type ObfuscationDocument,
  type TensorFile
} from '../protocol';
import { type ArtefactContent, type ArtefactDraft, type Weights } from './artefact-content';
import { toOneFile } from './decoders-file';
import { toTensors } from './artefact-tensors';
import { sha256 } from './manifest';

/**
 * Write a learned obfuscation into a folder: `obfuscation.json`, `obfuscation.safetensors`, `decoder.safetensors` and for
 * each knot with weights of its own `server-<ALPHA>.safetensors`. Everything lies beside its place before the first file
 * takes it, and the document, which holds the hashes of the others, comes last: what is read is whole, or refused.
 * @param dir made where it is not there, in a folder that is
 * @returns the document as written, and its hash
 * @throws VeilError `output_unwritable`; RangeError when content and draft do not fit together
 */
export async function writeArtefact(
  dir: string,
  draft: ArtefactDraft,
  content: ArtefactContent
): Promise<{ document: ObfuscationDocument; sha256: string }> {
  const [, height, width] = draft.activation_shape;
  const sizes = {
    shape: draft.activation_shape,
    targets: draft.targets,
    bins: radialBins(frequenciesOf(height, width), draft.ring_ends).counts.length,
    knots: draft.knots.length
  };
  for (const [what, { length }] of [
    ['server sides', content.server],
    ['decoders', content.decoders.knots]
  ] as const) {
    if (length !== draft.knots.length) {
      throw new RangeError(`There are ${draft.knots.length} knots and ${length} ${what}.`);
    }
  }
  const files = new Map<string, Uint8Array>();
  const keep = (file: string, bytes: Uint8Array): TensorFile => {
    files.set(file, bytes);
    return { file, sha256: sha256(bytes), bytes: bytes.length };
  };
  const document: ObfuscationDocument = {
    ...draft,
    statistics: keep('obfuscation.safetensors', encodeSafetensors(toTensors(content, sizes))),
    decoder: keep('decoder.safetensors', encodeWeights(toOneFile(content.decoders))),
    knots: draft.knots.map((knot, k) => {
      const weights = content.server[k];
      return { ...knot, weights: weights && keep(`server-${label(knot.alpha)}.safetensors`, encodeWeights(weights)) };
    })
  };
  const text = new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`);
  files.set('obfuscation.json', text);
  await writeInTurn(dir, files);
  return { document, sha256: sha256(text) };
}

/** Weights as they are after they were written and read: what is to be measured. */
export function asStored(weights: Weights): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data, shape }]) => [
      name,
      { data: fitsHalf(data) ? fromFloat16(toFloat16(data)) : data, shape }
    ])
  );
}

function encodeWeights(weights: Weights): Uint8Array {
  return encodeSafetensors(
    Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, { data, shape, half: fitsHalf(data) }]))
  );
}

function fitsHalf(data: Float32Array): boolean {
  return data.every(value => Math.abs(value) <= LARGEST_FLOAT16);
}

function refuseUnlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') {
    throw error;
  }
}

/** With two digits, where they say it. */
function label(alpha: number): string {
  return Number(alpha.toFixed(2)) === alpha ? alpha.toFixed(2) : String(alpha);
}

async function writeInTurn(dir: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const beside = (name: string) => join(dir, `.${name}.${process.pid}`);
  const names = [...files.keys()];
  try {
    await mkdir(dir).catch(refuseUnlessThere);
    for (const name of names) {
      await writeFile(beside(name), files.get(name)!);
    }
    for (const name of names) {
      await rename(beside(name), join(dir, name));
    }
  } catch (thrown) {
    await Promise.all(names.map(name => unlink(beside(name)).catch(() => undefined)));
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new VeilError(
      'output_unwritable',
      `The artefact cannot be written to ${dir} (${code ?? message}). None was made.`,
      'Choose a folder with space and permission.'
    );
  }
}
