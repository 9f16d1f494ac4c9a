import { access, constants, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CERTIFICATE, DEFAULT_MODEL } from '../models';
import { locate } from '../models/registry';
import { checkHash, readManifest, sha256, type Graphs } from '../models/manifest';
import { VeilError, type ObfuscationDocument } from '../protocol';
import { writeTogether } from './write-together';

const DOCUMENT = 'obfuscation.json';

/** A model folder that may be given another artefact. */
export interface Installation {
  dir: string;
  /**
   * Copy the artefact in `from` into the model folder. Every file is written beside its place first and the one that
   * vouches for the others is replaced last: a model that is interrupted in between refuses noisy runs, until the same
   * command has been run again.
   * @param hash sha256 of the artefact's document
   * @throws VeilError `artefact_missing`, `artefact_mismatch`, `model_mismatch` or `output_unwritable`
   */
  install(from: string, hash: string): Promise<void>;
}

/**
 * Read the model that an artefact shall be put into; the artefact that it has may be of another model, or missing.
 * @throws VeilError `model_missing`, `model_mismatch`, or `output_unwritable` when its folder cannot be written
 */
export async function openInstallation(nameOrDir: string = DEFAULT_MODEL): Promise<Installation> {
  const { dir, bundled } = await locate(nameOrDir);
  const graphs = await readManifest(dir);
  await access(dir, constants.W_OK).catch(() => {
    throw new VeilError(
      'output_unwritable',
      `${dir} cannot be written, so --install cannot put an artefact there. Nothing was learned.`,
      bundled ? 'Copy that folder and name the copy by --model, or leave --install out.' : 'Allow it, or leave --install out.'
    );
  });
  return { dir, install: async (from, hash) => write(dir, await collect(from, hash, graphs), from) };
}

/** The artefact's files by name, then model.json where there is one. */
async function collect(from: string, hash: string, { manifest, declared }: Graphs): Promise<Map<string, Uint8Array>> {
  const bytes = await vouchedFor(join(from, DOCUMENT), hash);
  const document = JSON.parse(new TextDecoder().decode(bytes)) as ObfuscationDocument;
  if (document.head_sha256 !== manifest.head.sha256 || document.tail_sha256 !== manifest.tail.sha256) {
    throw new VeilError(
      'artefact_mismatch',
      `${from} was learned for another model than ${manifest.name}. Nothing was installed.`,
      'Name the model it was learned for by --model.'
    );
  }
  const weights = document.knots.flatMap(knot => knot.weights ?? []);
  const files = new Map<string, Uint8Array>();
  for (const { file, sha256: expected } of [document.statistics, document.decoder, ...weights]) {
    files.set(file, await vouchedFor(join(from, file), expected));
  }
  files.set(DOCUMENT, bytes);
  if (declared) {
    const vouching = { ...manifest, obfuscation: { file: DOCUMENT, sha256: hash } };
    files.set('model.json', new TextEncoder().encode(`${JSON.stringify(vouching, null, 2)}\n`));
  }
  return files;
}

async function vouchedFor(path: string, hash: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(() => {
    throw new VeilError('artefact_missing', `${path} is not there. Nothing was installed.`, 'Run the same command again.');
  });
  checkHash(path, hash, sha256(bytes));
  return bytes;
}

async function write(dir: string, files: Map<string, Uint8Array>, from: string): Promise<void> {
  try {
    // What was certified is another artefact.
    await rm(join(dir, CERTIFICATE), { force: true });
    await writeTogether(dir, files, true);
  } catch (thrown) {
    const { code, message } = VeilError.from(thrown);
    throw new VeilError(code, message, `The artefact is finished in ${from}: make room, and run the same command again.`);
  }
}
