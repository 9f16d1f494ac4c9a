/** A line of a pod's log. `at` sorts by time. */
export interface LogLine {
  at: string;
  text: string;
}

/** The lines of a log that was read with times. */
export const linesOf = (log: string): LogLine[] =>
  log
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const gap = line.indexOf(' ');
      return gap < 0 ? { at: line, text: '' } : { at: line.slice(0, gap), text: line.slice(gap + 1) };
    });

export interface Progress {
  done: number;
  total: number;
}

/** How far a pod is: it says so as `veilbook: progress DONE/TOTAL`, now and then. */
export function progressIn(lines: readonly LogLine[]): Progress | null {
  const said = lines.map(({ text }) => /^veilbook: progress (\d+)\/(\d+)$/.exec(text)).filter(found => found !== null);
  const last = said.at(-1);
  return last === undefined ? null : { done: Number(last[1]), total: Number(last[2]) };
}

/** What the pod that has the result says before its document. */
export const DOCUMENT = 'veilbook: result ';

/** The document of a result; null where none is said, or only half of one. */
export function documentIn(lines: readonly LogLine[]): Record<string, unknown> | null {
  const said = lines.findLast(({ text }) => text.startsWith(DOCUMENT));
  try {
    return said === undefined ? null : (JSON.parse(said.text.slice(DOCUMENT.length)) as Record<string, unknown>);
  } catch {
    return null;
  }
}

/** What a person is meant to read at the end: everything that the program does not say of itself. */
export const closingIn = (lines: readonly LogLine[]): string[] =>
  lines.map(({ text }) => text).filter(text => !text.startsWith('veilbook: '));

/** The average precision in the report's closing lines. */
export function averageIn(closing: readonly string[]): number | null {
  const value = closing.map(line => / Dataset Average AP: (\S+)$/.exec(line)?.[1]).findLast(found => found !== undefined);
  return value === undefined || !Number.isFinite(Number(value)) ? null : Number(value);
}
