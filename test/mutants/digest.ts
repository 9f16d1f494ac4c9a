import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A hash over the conformance checks and the faults that are planted for them: what a record of their test holds for.
 * @param root of the checkout
 * @returns sha256 over names and contents, as hex
 */
export function checksDigest(root: string): string {
  const hash = createHash('sha256');
  const files = ['src/audit/conformance/**/*.ts', 'test/mutants/**/*.ts'].flatMap(pattern => globSync(pattern, { cwd: root }));
  for (const file of files.filter(name => !name.endsWith('.spec.ts')).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}
