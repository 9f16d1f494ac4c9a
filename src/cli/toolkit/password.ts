import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { VeilError } from '../../protocol';

/**
 * A password that somebody types twice at a terminal, unseen, or the first line of what is piped in. Never an argument: those are seen by
 * everybody on the machine.
 * @throws VeilError `bad_request` where none is given or both differ, `cancelled`
 */
export async function readPassword(what: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const [first = ''] = await lines(1, []);
    if (first === '') {
      throw new VeilError(
        'bad_request',
        `No password for ${what} was piped in. Nothing was made.`,
        'Pipe one in, or say --token.'
      );
    }
    return first;
  }
  const [first = '', again = ''] = await lines(2, [`Password for ${what}: `, 'The same again: ']);
  if (first !== again) {
    throw new VeilError('bad_request', 'Both passwords differ. Nothing was made.', 'Try again.');
  }
  return first;
}

async function lines(count: number, prompts: readonly string[]): Promise<string[]> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: unseen, terminal: process.stdin.isTTY });
  const stop = new AbortController();
  reader.once('SIGINT', () => {
    process.stderr.write('\n');
    stop.abort();
    reader.close();
  });
  const typed: string[] = [];
  try {
    process.stderr.write(prompts[0] ?? '');
    reader.on('line', () => process.stdin.isTTY && process.stderr.write('\n'));
    for await (const line of reader) {
      typed.push(line);
      if (typed.length === count) {
        break;
      }
      process.stderr.write(prompts[typed.length] ?? '');
    }
  } finally {
    reader.close();
  }
  if (stop.signal.aborted) {
    throw new VeilError('cancelled', 'Stopped. Nothing was made.', '');
  }
  return typed;
}
