import { closeSync, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';

const ROTATE_AT_BYTES = 5 * 1024 * 1024;

/** An append-only file that becomes `<path>.1` when it is full, so that at most two of them exist. */
class RotatingFile {
  private fd: number;
  private size: number;

  constructor(
    private readonly path: string,
    private readonly limit: number
  ) {
    this.fd = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.fd).size;
  }

  write(line: string): void {
    try {
      if (this.size > this.limit) {
        this.rotate();
      }
      this.size += writeSync(this.fd, line);
    } catch {
      // A full disk or a removed directory must not take the sidecar down; the line is lost.
    }
  }

  private rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    closeSync(this.fd);
    this.fd = openSync(this.path, 'a', 0o600);
    this.size = 0;
  }
}

/** JSON lines in `path` (0600). Callers log names and numbers only: no body, no pixel, no token. */
export function openLog(path: string, level: string, limit = ROTATE_AT_BYTES): Logger {
  return pino({ level, base: undefined, formatters: { level: label => ({ level: label }) } }, new RotatingFile(path, limit));
}

/** The last lines of the log, oldest first, each as a person reads it. */
export function readLog(path: string, lines: number): string[] {
  const recent = readLines(path);
  const older = recent.length < lines ? readLines(`${path}.1`) : [];
  return [...older, ...recent].slice(-lines).map(readableLine);
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '');
  } catch {
    return [];
  }
}

/** `2026-11-21 09:30:00 info message key=value`; a line that is not ours (a native library's) stays as it is. */
export function readableLine(line: string): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof record !== 'object' || record === null || typeof record.time !== 'number') {
    return line;
  }
  const { level, time, msg, ...fields } = record;
  const when = new Date(time).toISOString().slice(0, 19).replace('T', ' ');
  const details = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`
  );
  return [when, level, msg, ...details].join(' ');
}
