import { readdir } from 'node:fs/promises';
import { VeilError } from '../protocol';

/** What an artefact's files are called; hidden ones are those of an unfinished pass, or nobody's work. */
const OWN = [/^obfuscation\.json$/, /^[\w.-]+\.safetensors$/, /^\./];

/**
 * A learning pass writes into a folder that is new, empty, or holds nothing but a learning pass. Whether that one
 * had the same question is for the pass itself to see.
 * @throws VeilError `output_unwritable` that names the first thing of another kind
 */
export async function requireOwnFolder(path: string): Promise<void> {
  const names = await readdir(path).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') {
      return [];
    }
    const why = thrown.code === 'ENOTDIR' ? `${path} is no folder` : `${path} cannot be read (${thrown.code})`;
    throw new VeilError('output_unwritable', `${why}. Nothing was learned.`, 'Name another folder by --out.');
  });
  const foreign = names.sort().find(name => !OWN.some(pattern => pattern.test(name)));
  if (foreign !== undefined) {
    throw new VeilError(
      'output_unwritable',
      `${path} holds ${foreign}, which is no part of a learning pass. Nothing was learned.`,
      'Name a new or empty folder by --out.'
    );
  }
}
