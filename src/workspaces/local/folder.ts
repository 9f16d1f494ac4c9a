import { existsSync } from 'node:fs';
import { constants, lstat, open, type FileHandle } from 'node:fs/promises';
import { bytesOf, parentOf, nameOf, isBelow, type Rel } from './paths';

/** Linux names an open folder by its descriptor, which gives Node what openat(2) gives C. */
const DESCRIPTORS = process.platform === 'linux' && existsSync('/proc/self/fd');
const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * An open folder. Paths made by `at` start from the folder itself, not from its name: whatever a symbolic link is put in
 * place of meanwhile, nothing is read or written outside. Without /proc each step is checked instead.
 */
export class Folder {
  private constructor(
    private readonly handle: FileHandle | null,
    readonly path: Buffer
  ) {}

  /** Symbolic links in `path` itself are followed. */
  static async open(path: string | Buffer): Promise<Folder> {
    const handle = await open(path, FLAGS);
    if (DESCRIPTORS) {
      return new Folder(handle, Buffer.from(`/proc/self/fd/${handle.fd}`));
    }
    await handle.close();
    return new Folder(null, Buffer.from(path));
  }

  at(name: Rel): Buffer {
    return name === '' ? this.path : Buffer.concat([this.path, Buffer.from('/'), bytesOf(name)]);
  }

  /** @throws ENOTDIR or ELOOP where `name` is no real folder */
  async child(name: Rel): Promise<Folder> {
    const path = this.at(name);
    if (DESCRIPTORS) {
      const handle = await open(path, FLAGS | constants.O_NOFOLLOW);
      return new Folder(handle, Buffer.from(`/proc/self/fd/${handle.fd}`));
    }
    if (!(await lstat(path)).isDirectory()) {
      throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    }
    return new Folder(null, path);
  }

  /** The folder at a path below this one, no step of it through a symbolic link. */
  async descend(path: Rel): Promise<Folder> {
    let at: Folder = await this.child('.');
    for (const name of path === '' ? [] : path.split('/')) {
      const next = await at.child(name).finally(() => at.close());
      at = next;
    }
    return at;
  }

  /** Flush the folder's own entries. */
  async sync(): Promise<void> {
    const handle = await open(this.path, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** Folders of one tree, one after the other: those on the way to the last one stay open. */
export class Descent {
  private readonly open: { path: Rel; folder: Folder }[] = [];

  constructor(private readonly root: Folder) {}

  /** @throws as `Folder.child` where a step is no real folder */
  async to(path: Rel): Promise<Folder> {
    while (this.open.length > 0 && !isBelow(path, this.open.at(-1)!.path)) {
      await this.open.pop()!.folder.close();
    }
    if (path === '') {
      return this.root;
    }
    const last = this.open.at(-1);
    if (last?.path === path) {
      return last.folder;
    }
    const above = await this.to(parentOf(path));
    const folder = await above.child(nameOf(path));
    this.open.push({ path, folder });
    return folder;
  }

  async close(): Promise<void> {
    for (const { folder } of this.open.splice(0)) {
      await folder.close();
    }
  }
}
