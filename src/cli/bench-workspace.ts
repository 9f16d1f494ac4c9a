import { Command, InvalidArgumentError, Option } from 'commander';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, open, rename, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { openLocalWorkspace } from '../workspaces';
import { print } from './output';
import { bytes } from './workspace-report';

interface WorkspaceBenchFlags {
  files: number;
  fileBytes: number;
  largeGb: number;
  in?: string;
  json?: boolean;
}

interface Row {
  what: string;
  seconds: number | null;
  baseline: string;
  baseline_seconds: number | null;
}

const FOLDERS = 200;
const PIECE = 8 << 20;
const run = promisify(execFile);

export function benchWorkspaceCommand(): Command {
  return new Command('workspace')
    .description('snapshots and restores of a made-up folder, beside cp and rsync on the same disk')
    .addOption(new Option('--files <n>', 'small files').argParser(amount).default(20000))
    .addOption(new Option('--file-bytes <n>', 'bytes of each').argParser(amount).default(2000))
    .addOption(new Option('--large-gb <n>', 'gigabytes of one large file').argParser(amount).default(5))
    .option('--in <dir>', 'where it is made, and removed from (default: the temporary folder)')
    .option('--json', 'print one JSON document')
    .action((flags: WorkspaceBenchFlags) => benchWorkspace(flags));
}

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('It must be a number from 0 on.');
  }
  return value;
}

/** Snapshots and restores of a made-up workspace beside cp and rsync on the same file system; all end with the data on the disk. */
async function benchWorkspace({ files, fileBytes, largeGb, in: base = tmpdir(), json }: WorkspaceBenchFlags): Promise<void> {
  const top = await mkdtemp(join(resolve(base), 'veilbook-bench-'));
  const [dir, root] = [join(top, 'work'), join(top, 'snapshots')];
  try {
    await mkdir(dir);
    const large_bytes = Math.round(largeGb * 1e9);
    await build(dir, files, fileBytes, large_bytes);
    await flush(top);
    const workspace = await openLocalWorkspace({ dir, root });
    const rows: Row[] = [];
    const add = async (what: string, ours: () => Promise<unknown>, baseline: string, theirs: (() => Promise<unknown>) | null) =>
      rows.push({ what, seconds: await timed(ours), baseline, baseline_seconds: theirs && (await timed(theirs)) });
    const copy = (...args: string[]) => run('cp', ['-a', '--reflink=never', ...args]).then(() => flush(top));
    const first = { id: '', tree: '' };
    await add(
      'first snapshot',
      async () => Object.assign(first, await workspace.takeSnapshot({}).result),
      'cp -a',
      () => copy(dir, join(top, 'copy-1'))
    );
    const changed = Array.from({ length: Math.max(1, Math.round(files / 100)) }, (_, k) => nameOf(k * 100));
    await Promise.all(changed.map(name => writeFile(join(dir, name), randomBytes(fileBytes))));
    await flush(top);
    const before = await freeBytes(top);
    let second = { tree: '' as string | null, method: '' };
    const rsync = await run('rsync', ['--version']).catch(() => null);
    await add(
      'second, 1 % changed',
      async () => (second = await workspace.takeSnapshot({}).result),
      'rsync -a --link-dest',
      null
    );
    const added = second.method === 'reflink' ? before - (await freeBytes(top)) : await addedBytes(first.tree, second.tree!);
    if (rsync) {
      const link = `--link-dest=${join(top, 'copy-1')}`;
      rows[1].baseline_seconds = await timed(() =>
        run('rsync', ['-a', link, `${dir}/`, join(top, 'copy-2')]).then(() => flush(top))
      );
    }
    const one = changed[0];
    await add(
      'restore one file',
      () => workspace.restoreFiles(first.id, [one]).result,
      'cp -a',
      () => copy(join(top, 'copy-1', one), join(dir, one))
    );
    const back = () => run('rsync', ['-a', '--delete', `${join(top, 'copy-1')}/`, dir]).then(() => flush(top));
    await add('restore all, 1 % changed', () => workspace.restore(first.id).result, 'rsync -a --delete', null);
    await add('undo', () => workspace.undoRestore().result, 'rsync -a --delete', rsync && back);
    const about = { files, file_bytes: fileBytes, large_bytes, method: second.method, added_bytes: added };
    print(json ? { schema: 1, ...about, rows } : describe(about, rows));
  } finally {
    await rename(top, `${top}-gone`);
    await run('chmod', ['-R', 'u+w', `${top}-gone`]);
    await run('rm', ['-rf', `${top}-gone`]);
  }
}

const nameOf = (k: number): string => join(`folder-${k % FOLDERS}`, `file-${k}.txt`);

async function build(dir: string, files: number, fileBytes: number, large: number): Promise<void> {
  for (let folder = 0; folder < FOLDERS; folder++) {
    await mkdir(join(dir, `folder-${folder}`));
  }
  for (let k = 0; k < files; k++) {
    await writeFile(join(dir, nameOf(k)), randomBytes(fileBytes));
  }
  if (large > 0) {
    const file = await open(join(dir, 'large.bin'), 'wx');
    const piece = randomBytes(PIECE);
    for (let at = 0; at < large; at += PIECE) {
      piece.writeDoubleLE(at);
      await file.write(piece, 0, Math.min(PIECE, large - at));
    }
    await file.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

const flush = (path: string): Promise<unknown> => run('sync', ['--file-system', path]);

async function freeBytes(path: string): Promise<number> {
  await flush(path);
  const { bfree, bsize } = await statfs(path);
  return bfree * bsize;
}

/** Bytes on disk of the second tree that are not the first one's, folders included. */
async function addedBytes(first: string, second: string): Promise<number> {
  const { stdout } = await run('du', ['-s', '-B1', first, second]);
  return Number(stdout.trim().split('\n')[1].split('\t')[0]);
}

function describe(
  {
    files,
    file_bytes,
    large_bytes,
    method,
    added_bytes
  }: Record<'files' | 'file_bytes' | 'large_bytes' | 'added_bytes', number> & { method: string },
  rows: Row[]
): string {
  const seconds = (value: number | null) => (value === null ? '-' : value.toFixed(2)).padStart(9);
  return [
    `${files} files of ${bytes(file_bytes)} and one of ${bytes(large_bytes)}; snapshots by ${method}; seconds, data on the disk`,
    `${''.padEnd(26)}${'ours'.padStart(9)}${'baseline'.padStart(10)}`,
    ...rows.map(row => `${row.what.padEnd(26)}${seconds(row.seconds)} ${seconds(row.baseline_seconds)}  ${row.baseline}`),
    `second snapshot added ${bytes(added_bytes)}`
  ].join('\n');
}
