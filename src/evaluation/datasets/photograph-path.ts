import { join } from 'node:path';

/**
 * Where a photograph lies that a label file names.
 * @param name relative to `folder`, parts separated by /
 * @returns null for a name that leads out of the folder, or is none
 */
export function photographPath(folder: string, name: string): string | null {
  const parts = name.split(/[/\\]/);
  const leaves = /^[/\\]|^[a-z]:/i.test(name) || parts.includes('..');
  const named = !/[\p{Cc}]/u.test(name) && name.length <= 1024 && !['', '.'].includes(parts.at(-1)!);
  return named && !leaves ? join(folder, name) : null;
}
