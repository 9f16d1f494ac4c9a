import { randomBytes } from 'node:crypto';

/**
 * `20261121-155833-123-4f2a9c`: UTC to the millisecond and 24 random bits. Sorts by time, also after `last` where the
 * clock went back.
 */
export function newId(last: string | null = null, now = Date.now()): string {
  const id = `${stamp(now)}-${randomBytes(3).toString('hex')}`;
  return last !== null && id <= last ? newId(last, timeOf(last) + 1) : id;
}

export const isId = (text: string): boolean => /^\d{8}-\d{6}-\d{3}-[0-9a-f]{6}$/.test(text);

function stamp(ms: number): string {
  const [date, time] = new Date(ms).toISOString().split('T');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${time.slice(9, 12)}`;
}

function timeOf(id: string): number {
  const [, y, mo, d, h, mi, s, ms] = id.match(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})/)!.map(Number);
  return Date.UTC(y, mo - 1, d, h, mi, s, ms);
}
