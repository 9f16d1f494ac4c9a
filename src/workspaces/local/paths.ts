/**
 * A path relative to a tree, '' for its root: the bytes of the name as a string of char codes 0…255 (Latin-1), because
 * names on disk need not be UTF-8 and Node's strings could not give them back.
 */
export type Rel = string;

export const bytesOf = (path: Rel): Buffer => Buffer.from(path, 'latin1');
export const relOf = (bytes: Uint8Array): Rel => Buffer.from(bytes).toString('latin1');

/** For people; what is no UTF-8 becomes U+FFFD. */
export const shown = (path: Rel): string => bytesOf(path).toString('utf8');

/** A path as a person or a program gives it: `a/b`, `./a/b/`; null when it leads out of the tree or is absolute. */
export function relFrom(text: string): Rel | null {
  const parts = text.split('/').filter(part => part !== '' && part !== '.');
  return text.startsWith('/') || parts.includes('..') || text.includes('\0') ? null : relOf(Buffer.from(parts.join('/')));
}

export const joined = (folder: Rel, name: Rel): Rel => (folder === '' ? name : `${folder}/${name}`);

export const parentOf = (path: Rel): Rel => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const nameOf = (path: Rel): Rel => path.slice(path.lastIndexOf('/') + 1);

export const isBelow = (path: Rel, folder: Rel): boolean => folder === '' || path === folder || path.startsWith(`${folder}/`);

/** Folders before what is in them. */
export const byPath = (a: { path: Rel }, b: { path: Rel }): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
