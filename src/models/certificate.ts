import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import { Certificate, VeilError } from '../protocol';
import { unusable } from './artefact-checks';
import { type Obfuscation } from './obfuscation';

export const CERTIFICATE = 'certified.json';

/**
 * What an audit certified of an artefact; null where none did.
 * @throws VeilError `artefact_mismatch` for a certificate of another artefact, or what is none
 */
export async function readCertificate({ dir, document, sha256 }: Obfuscation): Promise<Certificate | null> {
  const path = join(dir, CERTIFICATE);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) {
    return null;
  }
  const certificate = parse(text);
  if (!Value.Check(Certificate, certificate)) {
    throw unusable(path, 'it is no certificate');
  }
  const knots = document.knots.map(({ alpha }) => alpha).join();
  if (certificate.artefact_sha256 !== sha256 || certificate.knots.map(({ alpha }) => alpha).join() !== knots) {
    throw new VeilError(
      'artefact_mismatch',
      `${path} certifies another artefact than the one beside it. Nothing was run.`,
      'Remove it, and audit this artefact by veilbook audit --full --certify.'
    );
  }
  return certificate;
}

/** @throws VeilError `output_unwritable` */
export async function writeCertificate(dir: string, certificate: Certificate): Promise<string> {
  const [path, beside] = [join(dir, CERTIFICATE), join(dir, `.${CERTIFICATE}.${process.pid}`)];
  try {
    await writeFile(beside, `${JSON.stringify(certificate, null, 2)}\n`);
    await rename(beside, path);
  } catch (thrown) {
    await unlink(beside).catch(() => undefined);
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new VeilError(
      'output_unwritable',
      `${path} cannot be written (${code ?? message}). Nothing was certified.`,
      'Allow it, or copy the model folder and name the copy by --model.'
    );
  }
  return path;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
