import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve, sep } from 'node:path';
import { VeilError, type LastRestore, type OperationRecord, type Snapshot } from '../../protocol';
import { readJson, syncPath, writeWhole } from './disk';
import { unpackIndex, type Index } from './entry';
import { noSnapshot } from './failures';
import { isId } from '../ids';

/** `workspace.json`: which folder the snapshots beside it are of. */
export interface WorkspaceFile {
  schema: 1;
  id: string;
  dir: string;
  created: string;
  /** Of a clone: what it is made from, and which folder exactly was made. */
  clone: { workspace: string; snapshot: string; operation: string; dev: string; inode: string } | null;
  last_restore: LastRestore | null;
}

/** `$XDG_DATA_HOME/veilbook/snapshots`, or what it stands for. */
export function storeRoot(env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_DATA_HOME: data } = env;
  return join(data && isAbsolute(data) ? data : join(homedir(), '.local', 'share'), 'veilbook', 'snapshots');
}

/** `<name>-<12 hex digits>`: a folder for people, and no other folder's. */
export function workspaceId(dir: string): string {
  const name =
    basename(dir)
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 40) || 'workspace';
  return `${name}-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;
}

/**
 * The files of one workspace's snapshots:
 * `workspace.json`, `lock`, `operations/<id>.json`, and for each snapshot a folder `<id>` with `manifest.json`, `index`
 * and `tree/`. `.new-<id>` is one that is being written, `.gone-<id>` one that is being removed.
 */
export class Store {
  constructor(
    readonly root: string,
    readonly id: string,
    /** The workspace's real path. */
    readonly dir: string
  ) {}

  get folder(): string {
    return join(this.root, this.id);
  }

  get lockFile(): string {
    return join(this.folder, 'lock');
  }

  snapshot(id: string): string {
    return join(this.folder, id);
  }

  tree(id: string): string {
    return join(this.folder, id, 'tree');
  }

  operation(id: string): string {
    return join(this.folder, 'operations', `${id}.json`);
  }

  plan(id: string): string {
    return join(this.folder, 'operations', `${id}.plan`);
  }

  /** Make the folders; whoever only looks makes nothing. */
  async make(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    await mkdir(join(this.folder, 'operations'), { recursive: true, mode: 0o700 });
    if (!(await this.about())) {
      await this.remember({ clone: null, last_restore: null });
      await syncPath(this.root);
    }
  }

  about(): Promise<WorkspaceFile | null> {
    return readJson<WorkspaceFile>(join(this.folder, 'workspace.json'));
  }

  async remember(change: Partial<Pick<WorkspaceFile, 'clone' | 'last_restore'>>): Promise<void> {
    const old = await this.about();
    const fresh: WorkspaceFile = {
      schema: 1,
      id: this.id,
      dir: this.dir,
      created: old?.created ?? new Date().toISOString(),
      clone: old?.clone ?? null,
      last_restore: old?.last_restore ?? null,
      ...change
    };
    await writeWhole(join(this.folder, 'workspace.json'), JSON.stringify(fresh, null, 2));
  }

  /** Newest first. */
  async snapshots(): Promise<Snapshot[]> {
    const ids = (await names(this.folder)).filter(isId).sort().reverse();
    const found = await Promise.all(ids.map(id => this.manifest(id)));
    return found.filter(one => one !== null);
  }

  async newestId(): Promise<string | null> {
    const ids = (await names(this.folder)).map(name => name.replace(/^\.(new|gone)-/, '')).filter(isId);
    return ids.sort().at(-1) ?? null;
  }

  private async manifest(id: string): Promise<Snapshot | null> {
    const manifest = await readJson<Snapshot>(join(this.folder, id, 'manifest.json'));
    return manifest && { ...manifest, tree: this.tree(id) };
  }

  /** @throws VeilError `not_found` */
  async requireSnapshot(id: string): Promise<Snapshot> {
    const snapshot = isId(id) ? await this.manifest(id) : null;
    if (!snapshot) {
      throw noSnapshot(id);
    }
    return snapshot;
  }

  async writeManifest(snapshot: Snapshot): Promise<void> {
    await writeWhole(join(this.folder, snapshot.id, 'manifest.json'), JSON.stringify({ ...snapshot, tree: null }, null, 2));
  }

  /** @throws VeilError `snapshot_damaged` */
  async index(id: string): Promise<Index> {
    try {
      return await unpackIndex(await readFile(join(this.folder, id, 'index')));
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException;
      const cause = `The index of snapshot ${id} cannot be read (${code ?? message}). Nothing was changed.`;
      throw new VeilError('snapshot_damaged', cause, `Its files are still in ${this.tree(id)}; use another snapshot.`);
    }
  }

  /** Newest first. */
  async operations(): Promise<OperationRecord[]> {
    const files = (await names(join(this.folder, 'operations'))).filter(name => name.endsWith('.json'));
    const found = await Promise.all(files.map(name => readJson<OperationRecord>(join(this.folder, 'operations', name))));
    return found.filter(one => one !== null).sort((a, b) => (a.id < b.id ? 1 : -1));
  }
}

export async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw thrown;
  }
}

/**
 * The store of the workspace in a folder.
 * @throws VeilError `not_found` where there is no such folder, `bad_request` for a folder among the snapshots
 */
export async function storeOf(dir: string, root = storeRoot()): Promise<Store> {
  const real = await realpath(dir).catch(() => null);
  if (real === null || !(await stat(real)).isDirectory()) {
    throw new VeilError('not_found', `There is no folder ${resolve(dir)}. Nothing was done.`, 'Name the workspace by --dir.');
  }
  const realRoot = await realpath(root).catch(() => resolve(root));
  if (`${real}${sep}`.startsWith(`${realRoot}${sep}`)) {
    throw new VeilError(
      'bad_request',
      `${real} is among the snapshots, and no workspace. Nothing was done.`,
      'Name another folder.'
    );
  }
  return new Store(realRoot, workspaceId(real), real);
}

/** Every workspace that has snapshots here. */
export async function knownStores(root: string): Promise<{ store: Store; about: WorkspaceFile }[]> {
  const found: { store: Store; about: WorkspaceFile }[] = [];
  for (const name of (await names(root)).sort()) {
    const about = await readJson<WorkspaceFile>(join(root, name, 'workspace.json')).catch(() => null);
    if (about?.id === name) {
      found.push({ store: new Store(root, name, about.dir), about });
    }
  }
  return found;
}
