import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { sha256 } from './canonical';

const short = (text: string): string => sha256(text).slice(0, 8);

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Names this start of the machine; empty where the system has no such id. */
export const bootId = (): string => orElse(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), '');

/** When a process began, in ticks since the machine's start: tells it from a later one with its number. */
function startOf(pid: number | 'self'): string | null {
  const stat = orElse(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), null);
  return stat && stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** The host as processes see each other: a container with process numbers of its own is another one. */
const place = (): string => short(`${hostname()} ${orElse(() => readlinkSync('/proc/self/ns/pid'), '')}`);

let own: string | null = null;

/** This process: `pid.start@place.boot`. */
export const thisWriter = (): string => (own ??= `${process.pid}.${startOf('self') ?? 0}@${place()}.${short(bootId())}`);

/** Whether the process of that name still runs; null where that cannot be told from here. */
export function isAlive(writer: string): boolean | null {
  const parts = /^(\d+)\.(\d+)@([0-9a-f]{8})\.([0-9a-f]{8})$/.exec(writer);
  if (!parts || parts[3] !== place()) {
    return null;
  }
  const [, pid, start, , boot] = parts;
  if (boot !== short(bootId())) {
    return false;
  }
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  return start === '0' || startOf(Number(pid)) === start;
}
