import { buildSync } from 'esbuild';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Ledger } from '../../src/egress/ledger/ledger';
import { verifyLedger } from '../../src/egress/ledger/verify';
import { Random } from '../../src/numerics/random';
import { type Entry, type Verdict } from '../../src/protocol';

export interface KillReport {
  /** Departures that a sender was told of. */
  told: number;
  /** Of them, those that are not in the ledger. */
  missing: string[];
  verdict: Verdict;
  repaired: number;
  unknown: number;
}

/** Two senders at once, killed at some moment; so many times on one ledger. */
export async function killSenders(times: number, seed: number): Promise<KillReport> {
  const random = new Random(seed);
  const top = mkdtempSync(join(tmpdir(), 'veilbook-kills-'));
  try {
    const script = join(top, 'sender.cjs');
    buildSync({ entryPoints: [join(__dirname, 'ledger-sender.ts')], outfile: script, bundle: true, platform: 'node' });
    const dir = join(top, 'ledger');
    const told: string[] = [];
    for (let n = 0; n < times; n++) {
      const lines = await Promise.all([0, 1].map(() => killedSender(script, dir, random.uniform(0, 60))));
      told.push(...lines.flat());
    }
    await (await Ledger.open(dir)).close();
    const entries = readdirSync(dir)
      .filter(name => name.endsWith('.jsonl'))
      .flatMap(name => readFileSync(join(dir, name), 'utf8').trimEnd().split('\n'))
      .map(line => JSON.parse(line) as Entry);
    const there = new Set(entries.map(({ sequence, hash }) => `${sequence} ${hash}`));
    return {
      told: told.length,
      missing: told.filter(each => !there.has(each)),
      verdict: await verifyLedger(dir),
      repaired: entries.filter(({ kind }) => kind === 'repaired').length,
      unknown: entries.filter(entry => entry.kind === 'settled' && entry.arrival.outcome === 'unknown').length
    };
  } finally {
    rmSync(top, { recursive: true });
  }
}

/** Kill it so many milliseconds after its first word. */
async function killedSender(script: string, dir: string, ms: number): Promise<string[]> {
  const sender = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let complaint = '';
  sender.stderr.on('data', piece => (complaint += piece));
  const ended = new Promise(settle => sender.once('close', settle));
  await new Promise<void>(settle => {
    sender.stdout.on('data', piece => {
      text += piece;
      settle();
    });
    sender.once('close', () => settle());
  });
  await pause(ms);
  sender.kill('SIGKILL');
  await ended;
  if (complaint) {
    throw new Error(complaint);
  }
  return text.split('\n').slice(0, -1);
}
