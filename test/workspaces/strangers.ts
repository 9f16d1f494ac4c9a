/** Snapshot and restore as a user to whom not everything belongs: `strangers TOP`. */
import { readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { placeAt } from './trees';

async function main(): Promise<void> {
  const { dir, open } = placeAt(process.argv[2]);
  const workspace = await open();
  const { id, left_out } = await workspace.takeSnapshot({}).result;
  writeFileSync(join(dir, 'mine.txt'), 'changed');
  await workspace.restore(id).result;
  const mine = readFileSync(join(dir, 'mine.txt'), 'utf8');
  writeSync(1, JSON.stringify({ left_out, mine, there: readdirSync(dir).sort() }));
}

void main();
