import { createHash } from 'node:crypto';

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/**
 * The canonical form of RFC 8785 (JCS): no white space, members sorted by their names' UTF-16 code units, numbers and
 * strings as ECMAScript writes them. One document has one text.
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join(',')}]`;
  }
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The hash that an entry carries: of its canonical form without the member `hash`. */
export const hashOf = (entry: object): string =>
  sha256(canonical(Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'hash'))));
