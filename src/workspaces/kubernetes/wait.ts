import { setTimeout as sleep } from 'node:timers/promises';
import { VeilError } from '../../protocol';

const FIRST_MS = 100;
const LONGEST_MS = 3000;

export interface Waiting {
  /** What is awaited, for the error: "Snapshot x is not ready". */
  unless: string;
  seconds: number;
  signal?: AbortSignal;
  /** Told why it is not there yet, whenever that changes. */
  seen?: (reason: string | null) => void;
}

/** What was looked for, or why it is not there yet. */
export type Look<T> = { found: T } | { reason: string | null };

/**
 * Look again and again, ever less often, up to once in three seconds. There is no watch: nothing to expire (410), to be cut off
 * unnoticed or to be allowed by a Role.
 * @throws VeilError `timed_out` with the last reason; an AbortError when stopped
 */
export async function waitFor<T>(look: () => Promise<Look<T>>, { unless, seconds, signal, seen }: Waiting): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let told: string | null = null;
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 1.5)) {
    signal?.throwIfAborted();
    const looked = await look();
    if ('found' in looked) {
      return looked.found;
    }
    if (looked.reason !== told) {
      told = looked.reason;
      seen?.(told);
    }
    if (performance.now() > deadline) {
      const why = told === null ? '' : `: ${told}`;
      throw new VeilError('timed_out', `${unless} after ${seconds} s${why}.`, 'veilbook doctor says what the cluster lacks.');
    }
    await sleep(pause, undefined, { signal });
  }
}
