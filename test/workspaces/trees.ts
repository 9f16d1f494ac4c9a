import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalWorkspace, type WorkspaceProvider } from '../../src/workspaces';
import { type Random } from '../../src/numerics/random';

const made: string[] = [];

/** A temporary folder with an empty workspace `work` in it and a place for snapshots. */
export function newPlace(base = tmpdir()): Place {
  const top = fs.realpathSync(fs.mkdtempSync(join(base, 'veilbook-workspace-')));
  made.push(top);
  const dir = join(top, 'work');
  fs.mkdirSync(dir);
  return placeAt(top);
}

export interface Place {
  top: string;
  dir: string;
  root: string;
  open: (waitSeconds?: number) => Promise<WorkspaceProvider>;
}

export function placeAt(top: string): Place {
  const [dir, root] = [join(top, 'work'), join(top, 'store')];
  return { top, dir, root, open: waitSeconds => openLocalWorkspace({ dir, root, waitSeconds }) };
}

/** Those that a test has not moved into another. */
export function removePlaces(): void {
  for (const top of made.splice(0).filter(top => fs.existsSync(top))) {
    erase(Buffer.from(top));
  }
}

/** Through folders without write permission, and by bytes: Node's own rm takes names for UTF-8. */
export function erase(path: Buffer): void {
  if (!fs.lstatSync(path).isDirectory()) {
    return fs.unlinkSync(path);
  }
  fs.chmodSync(path, 0o700);
  fs.readdirSync(path, { encoding: 'buffer' }).forEach(name => erase(Buffer.concat([path, Buffer.from('/'), name])));
  fs.rmdirSync(path);
}

export interface Seen {
  type: string;
  mode: number;
  /** In µs: what Node can set. */
  time: string;
  content: string;
}

export interface Except {
  /** Do not compare modes: those of a snapshot's own tree. */
  modes?: boolean;
}

/** Type, mode, time and content of everything in a tree, by path in Latin-1. */
export function portrait(dir: string, { modes = true }: Except = {}): Record<string, Seen> {
  const found: Record<string, Seen> = {};
  const visit = (path: Buffer, rel: string) => {
    const stats = fs.lstatSync(path, { bigint: true });
    const type = stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : stats.isFile() ? 'file' : 'special';
    const content =
      type === 'link'
        ? fs.readlinkSync(path, { encoding: 'buffer' }).toString('latin1')
        : type === 'file'
          ? createHash('sha256').update(fs.readFileSync(path)).digest('hex')
          : '';
    const mode = type === 'link' || !modes ? 0 : Number(stats.mode) & 0o7777;
    found[rel] = { type, mode, time: `${stats.mtimeNs / 1000n}`, content };
    if (type === 'folder') {
      for (const name of fs.readdirSync(path, { encoding: 'buffer' })) {
        visit(Buffer.concat([path, Buffer.from('/'), name]), `${rel}/${name.toString('latin1')}`);
      }
    }
  };
  visit(Buffer.from(dir), '');
  return found;
}

/** Names of every awkward kind. */
const NAMES = ['a', 'b', 'ünï çödé 😀', ' ', '-rf', "it's", 'new\nline', '.hidden', 'x'.repeat(255), 'data.csv'].map(name =>
  Buffer.from(name)
);
NAMES.push(Buffer.from([0x66, 0xff, 0xfe, 0x80]));

/** Change a tree at random: files, folders, links, modes, times, sizes, types. */
export function disturb(dir: string, random: Random, changes: number): void {
  for (let change = 0; change < changes; change++) {
    const folders = foldersOf(Buffer.from(dir));
    const folder = folders[random.integer(folders.length)];
    const path = Buffer.concat([folder, Buffer.from('/'), NAMES[random.integer(NAMES.length)]]);
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    const what = random.integer(9);
    if (stats && what < 3) {
      erase(path);
    } else if (stats?.isFile() && what < 5) {
      rewrite(path, random, what === 3);
    } else if (stats && !stats.isSymbolicLink() && what === 5) {
      fs.chmodSync(
        path,
        stats.isDirectory() ? [0o755, 0o700, 0o2775][random.integer(3)] : [0o644, 0o600, 0o755, 0o444, 0o400][random.integer(5)]
      );
    } else if (!stats) {
      make(path, random, what);
    }
  }
}

function rewrite(path: Buffer, random: Random, keepTimeAndSize: boolean): void {
  const { size, mode, atime, mtime } = fs.statSync(path);
  fs.chmodSync(path, 0o600);
  fs.writeFileSync(path, noise(random, keepTimeAndSize ? size : random.integer(20000)));
  fs.chmodSync(path, mode & 0o7777);
  if (keepTimeAndSize) {
    fs.utimesSync(path, atime, mtime);
  }
}

function make(path: Buffer, random: Random, what: number): void {
  if (what < 3) {
    fs.mkdirSync(path);
  } else if (what === 3) {
    fs.symlinkSync(['a', '../b', '/nowhere/at/all', '.'][random.integer(4)], path);
  } else if (what === 4) {
    const file = fs.openSync(path, 'wx');
    fs.writeSync(file, 'end', 300000 + random.integer(9000));
    fs.closeSync(file);
  } else {
    fs.writeFileSync(path, noise(random, what === 5 ? 0 : random.integer(20000)));
  }
}

function foldersOf(path: Buffer): Buffer[] {
  const below = fs
    .readdirSync(path, { encoding: 'buffer' })
    .map(name => Buffer.concat([path, Buffer.from('/'), name]))
    .filter(one => fs.lstatSync(one).isDirectory());
  return [path, ...below.flatMap(foldersOf)].slice(0, 12);
}

const noise = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random.integer(256)));
