import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../src/protocol';

/** All entries of a ledger, in their order. */
export function parseEntries(dir: string): Entry[] {
  return readdirSync(dir)
    .filter(name => name.endsWith('.jsonl'))
    .sort()
    .flatMap(name => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
    .map(line => JSON.parse(line) as Entry);
}
