import { writeSync } from 'node:fs';
import { FAILURES, VeilError } from '../protocol';

/** Lines for a person go to stderr, each once, so that stdout holds results alone. */
export class Notices {
  private readonly seen = new Set<string>();

  show(line: string): void {
    if (!this.seen.has(line)) {
      this.seen.add(line);
      process.stderr.write(`veilbook: ${oneLine(line)}\n`);
    }
  }
}

export function showError(error: VeilError): void {
  process.stderr.write(`veilbook: ${oneLine(error.line)}\n`);
}

export function exitCodeOf(error: VeilError): number {
  return FAILURES[error.code].exit;
}

/**
 * Write a line, or one JSON document, to stdout.
 * @throws VeilError `output_unwritable` when stdout goes to a full disk, `cancelled` when its reader went away (`| head`).
 */
export function print(value: string | object): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  const bytes = Buffer.from(`${text}\n`);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (thrown) {
      const { code, message } = thrown as NodeJS.ErrnoException;
      if (code === 'EPIPE') {
        throw new VeilError('cancelled', 'The reader of the output went away. What is left was not run.', '');
      }
      if (code !== 'EAGAIN') {
        throw new VeilError(
          'output_unwritable',
          `The output could not be written (${message}).`,
          'Free some space and run it again.'
        );
      }
    }
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** Milliseconds for a person: "0.36 ms", "8.2 ms", "120 ms". */
export function milliseconds(ms: number): string {
  return `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
