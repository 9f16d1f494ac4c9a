import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readObfuscation, type Obfuscation } from '../../../models';
import { VeilError } from '../../../protocol';
import { type Check } from '../check';
import { equal } from './resend';

/** A stale artefact: of another model, or files of two learnings. */
export function artefact(): Check {
  return {
    name: 'artefact',
    title: 'The artefact in use is the one on the disk, its files are those of its document, and it is of this model',
    async probe({ obfuscation, model }, _, evidence) {
      const { dir, document } = obfuscation;
      const found = await hashOf(dir, 'obfuscation.json');
      evidence.certain(found?.sha256 === obfuscation.sha256, () => `obfuscation.json is another than was read`);
      for (const { file, sha256, bytes } of filesIn(document)) {
        const there = await hashOf(dir, file);
        evidence.certain(there?.sha256 === sha256 && there.bytes === bytes, () => `${file} is not the file that was learned`);
      }
      if (model) {
        const { head, tail, obfuscation: named } = model.manifest;
        for (const [part, { file }, declared] of [
          ['head', head, document.head_sha256],
          ['tail', tail, document.tail_sha256]
        ] as const) {
          const there = await hashOf(model.dir, file);
          evidence.certain(there?.sha256 === declared, () => `it was learned for another ${part}`);
        }
        evidence.certain(!named || named.sha256 === obfuscation.sha256, () => 'the model names another artefact');
        const again = await readObfuscation(join(dir, 'obfuscation.json'), model.manifest).catch(readable);
        evidence.certain(again !== null && sameNoise(again, obfuscation), () => 'what is in use is not what is on the disk');
      }
    }
  };
}

function readable(thrown: unknown): null {
  if (thrown instanceof VeilError) {
    return null;
  }
  throw thrown;
}

async function hashOf(dir: string, file: string): Promise<{ sha256: string; bytes: number } | null> {
  const content = await readFile(join(dir, file)).catch(() => null);
  return content && { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}

interface NamedFile {
  file: string;
  sha256: string;
  bytes: number;
}

/** Every file that a document names, wherever it does. */
function filesIn(part: unknown): NamedFile[] {
  if (typeof part !== 'object' || part === null) {
    return [];
  }
  const named = part as Partial<NamedFile>;
  return typeof named.file === 'string' && typeof named.sha256 === 'string' && typeof named.bytes === 'number'
    ? [named as NamedFile]
    : Object.values(part).flatMap(filesIn);
}

function sameNoise(a: Obfuscation, b: Obfuscation): boolean {
  return (
    a.step === b.step &&
    equal(a.noise, b.noise) &&
    equal(a.statistics.activation_low, b.statistics.activation_low) &&
    equal(a.statistics.activation_high, b.statistics.activation_high) &&
    a.bins.every((bin, i) => bin === b.bins[i])
  );
}
