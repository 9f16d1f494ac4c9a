import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonical, hashOf } from '../../src/egress/ledger/canonical';
import { verifyLedger } from '../../src/egress/ledger/verify';
import { Random } from '../../src/numerics/random';

/** Something done to the files of a ledger: they change in place. Says what it did. */
type Mutation = (files: Files, pick: (below: number) => number) => string;
type Files = Map<string, Buffer>;

const segmentsOf = (files: Files): string[] => [...files.keys()].filter(name => name.endsWith('.jsonl')).sort();
const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').slice(0, -1).split('\n');
const put = (files: Files, name: string, lines: string[]): void =>
  void files.set(name, Buffer.from(lines.map(line => `${line}\n`).join(''), 'latin1'));

/** One of the files of entries, its lines, and one of them. */
function somewhere(files: Files, pick: (below: number) => number): { name: string; lines: string[]; at: number } {
  const names = segmentsOf(files);
  const name = names[pick(names.length)];
  const lines = linesOf(files.get(name)!);
  return { name, lines, at: pick(lines.length) };
}

const MUTATIONS: Record<string, Mutation> = {
  flip(files, pick) {
    const names = [...segmentsOf(files), 'anchor'];
    const name = names[pick(names.length)];
    const bytes = files.get(name)!;
    const bit = pick(8 * bytes.length);
    bytes[bit >> 3] ^= 1 << (bit & 7);
    return `bit ${bit} of ${name}`;
  },
  drop(files, pick) {
    const { name, lines, at } = somewhere(files, pick);
    put(files, name, lines.toSpliced(at, 1));
    return `line ${at} of ${name}`;
  },
  dropFile(files, pick) {
    const names = segmentsOf(files);
    const name = names[pick(names.length)];
    files.delete(name);
    return name;
  },
  reorder(files, pick) {
    const { name, lines, at } = somewhere(files, pick);
    const other = (at + 1 + pick(lines.length - 1)) % lines.length;
    [lines[at], lines[other]] = [lines[other], lines[at]];
    put(files, name, lines);
    return `lines ${at} and ${other} of ${name}`;
  },
  replay(files, pick) {
    const from = somewhere(files, pick);
    const to = somewhere(files, pick);
    const place = pick(to.lines.length + 1);
    put(files, to.name, to.lines.toSpliced(place, 0, from.lines[from.at]));
    return `line ${from.at} of ${from.name} before line ${place} of ${to.name}`;
  },
  truncateLines(files, pick) {
    const { name, lines, at } = somewhere(files, pick);
    put(files, name, lines.slice(0, at));
    return `${name} after ${at} lines`;
  },
  truncateBytes(files, pick) {
    const names = [...segmentsOf(files), 'anchor'];
    const name = names[pick(names.length)];
    const bytes = files.get(name)!;
    const length = pick(bytes.length);
    files.set(name, bytes.subarray(0, length));
    return `${name} after ${length} bytes`;
  },
  rehash(files, pick) {
    const { name, lines, at } = somewhere(files, pick);
    lines[at] = edited(lines[at], pick);
    put(files, name, lines);
    return `line ${at} of ${name}`;
  },
  /** Whoever edits a line and makes every line after it anew; files after it become what they would have been. */
  rehashOn(files, pick) {
    const names = segmentsOf(files);
    const name = names.at(-1)!;
    const lines = linesOf(files.get(name)!);
    const at = 1 + pick(lines.length - 1);
    lines[at] = edited(lines[at], pick);
    for (let next = at + 1; next < lines.length; next++) {
      lines[next] = hashed({ ...JSON.parse(lines[next]), previous: JSON.parse(lines[next - 1]).hash });
    }
    put(files, name, lines);
    return `line ${at} of ${name} and all after it`;
  }
};

const hashed = (entry: object): string => canonical({ ...entry, hash: hashOf(entry) });

/** The line with one member changed, and the hash that it then has. */
function edited(line: string, pick: (below: number) => number): string {
  const entry = JSON.parse(line);
  if (entry.departure && pick(2) === 0) {
    const { departure } = entry;
    return hashed({ ...entry, departure: { ...departure, alpha: departure.alpha === 0.9 ? 0.8 : 0.9, clean: !departure.clean } });
  }
  return hashed({ ...entry, time: new Date(Date.parse(entry.time) + 1 + pick(1e6)).toISOString() });
}

/**
 * Change a copy of a ledger at random, so many times, one change at a time.
 * @returns the changes that `verify` did not find
 */
export async function undetected(ledger: string, count: number, seed: number): Promise<string[]> {
  const random = new Random(seed);
  const pick = (below: number): number => Math.floor(random.uniform(0, below));
  const whole: Files = new Map();
  const top = mkdtempSync(join(tmpdir(), 'veilbook-mutations-'));
  const dir = join(top, 'ledger');
  cpSync(ledger, dir, { recursive: true });
  readdirSync(dir).forEach(name => whole.set(name, readFileSync(join(dir, name))));
  const missed: string[] = [];
  try {
    const names = Object.keys(MUTATIONS);
    for (let n = 0; n < count; n++) {
      const files: Files = new Map([...whole].map(([name, bytes]) => [name, Buffer.from(bytes)]));
      const name = names[n % names.length];
      const what = MUTATIONS[name](files, pick);
      const changed = [...whole.keys()].filter(each => !files.get(each)?.equals(whole.get(each)!));
      store(dir, files, changed);
      if (changed.length > 0 && (await verifyLedger(dir)).ok) {
        missed.push(`${name}: ${what}`);
      }
      store(dir, whole, changed);
    }
  } finally {
    rmSync(top, { recursive: true });
  }
  return missed;
}

function store(dir: string, files: Files, names: string[]): void {
  for (const name of names) {
    const bytes = files.get(name);
    if (bytes) {
      writeFileSync(join(dir, name), bytes);
    } else {
      rmSync(join(dir, name));
    }
  }
}
