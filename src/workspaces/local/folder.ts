import { closeSync, existsSync, lstatSync, openSync } from 'node:fs';
import { constants, open } from 'node:fs/promises';
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
    private descriptor: number | null,
    readonly path: Buffer
  ) {}

  /** Symbolic links in `path` itself are followed. */
  static async open(path: string | Buffer): Promise<Folder> {
    const descriptor = openSync(path, FLAGS);
    if (DESCRIPTORS) {
      return new Folder(descriptor, Buffer.from(`/proc/self/fd/${descriptor}`));
    }
    closeSync(descriptor);
    return new Folder(null, Buffer.from(path));
  }

  at(name: Rel): Buffer {
    return name === '' ? this.path : Buffer.concat([this.path, Buffer.from('/'), bytesOf(name)]);
  }

  /** @throws ENOTDIR or ELOOP where `name` is no real folder */
  async child(name: Rel): Promise<Folder> {
    const path = this.at(name);
    if (DESCRIPTORS) {
      const descriptor = openSync(path, FLAGS | constants.O_NOFOLLOW);
      return new Folder(descriptor, Buffer.from(`/proc/self/fd/${descriptor}`));
    }
    if (!lstatSync(path).isDirectory()) {
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

  /** A second call does nothing: the descriptor may be somebody else's by then. */
  async close(): Promise<void> {
    if (this.descriptor !== null) {
      closeSync(this.descriptor);
      this.descriptor = null;
    }
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
