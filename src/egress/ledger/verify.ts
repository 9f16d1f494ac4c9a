import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Verdict, VeilError } from '../../protocol';
import { type AnchorReading, readAnchor } from './anchor';
import { Chain, Damage } from './chain';
import { LedgerFiles, readKeys } from './files';
import { withLock } from './lock';

/** The ends of a ledger at one moment; what is appended later is left for another look. */
interface Extent {
  anchor: AnchorReading;
  /** Number and bytes of each file. */
  files: { number: number; bytes: number }[];
}

/** After so many lines whatever else this process does has a turn. */
const LINES_A_TURN = 256;

/**
 * Look through a whole ledger: every line, that they follow each other over all files, and that they end where the anchor
 * says. Reads alone; where it may it keeps others from appending for the moment in which it notes where the files end.
 * @param head hash of an entry that was published earlier and must still be there
 */
export async function verifyLedger(dir: string, { head }: { head?: string } = {}): Promise<Verdict> {
  const files = new LedgerFiles(dir);
  const { anchor, files: parts } = await extentOf(files);
  const findings: Verdict['findings'] = [];
  let chain = new Chain();
  let seen = head === undefined;
  let broken = false;
  const lost = (text: string): void => void findings.push({ file: basename(files.anchor), line: null, what: text });
  for (const [at, { number, bytes }] of parts.entries()) {
    let line = 0;
    const finding = (what: string): void => void findings.push({ file: basename(files.segment(number)), line, what });
    try {
      if (number !== at + 1) {
        throw new Damage(`file ${at + 1} is not there`);
      }
      const { lines, torn } = files.read(number, 0, bytes);
      for (const text of lines) {
        line += 1;
        if (line % LINES_A_TURN === 0) {
          await nextTurn();
        }
        chain = line === 1 ? chain.rotated(text) : add(chain, text);
        seen ||= chain.last?.hash === head;
        if (chain.segment !== number) {
          throw new Damage('it is not the file that it says');
        }
        if (chain.last?.kind === 'restarted' && chain.last.anchor.sequence > chain.last.found.sequence) {
          finding(`entries up to ${chain.last.anchor.sequence} were lost when the machine was restarted`);
        }
      }
      line += 1;
      if (torn.length > 0 || lines.length === 0) {
        throw new Damage(lines.length === 0 && torn.length === 0 ? 'it is empty' : 'the last line is torn');
      }
    } catch (error) {
      if (!(error instanceof Damage)) {
        throw error;
      }
      finding(error.message);
      broken = true;
      break;
    }
  }
  anchor.faults.forEach(lost);
  if (!broken) {
    compareEnds(chain, anchor, lost);
  }
  if (!seen) {
    lost(`no entry has the published hash ${head}`);
  }
  return verdictOf(chain, findings);
}

function add(chain: Chain, line: string): Chain {
  chain.add(line);
  return chain;
}

function compareEnds(chain: Chain, { newest }: AnchorReading, finding: (text: string) => void): void {
  const { last } = chain;
  if (!newest) {
    if (last) {
      finding('there is no anchor that says where the ledger ends');
    }
  } else if (last?.sequence !== newest.entry.sequence) {
    finding(`the ledger ends with entry ${last?.sequence ?? 'none'}, its anchor with entry ${newest.entry.sequence}`);
  } else if (last.hash !== newest.entry.hash) {
    finding(`entry ${last.sequence} is not the one of the anchor`);
  }
}

function verdictOf({ totals, unsettled, last, ledger }: Chain, findings: Verdict['findings']): Verdict {
  return {
    schema: 1,
    ok: findings.length === 0,
    ...totals,
    unsettled: [...unsettled.keys()],
    head: last && { ledger: ledger!, sequence: last.sequence, hash: last.hash, time: last.time },
    findings
  };
}

/** @throws VeilError `not_found` when there is no such folder */
async function extentOf(files: LedgerFiles): Promise<Extent> {
  if (!existsSync(files.dir)) {
    throw new VeilError('not_found', `There is no ledger in ${files.dir}: nothing was ever sent from here.`, '');
  }
  const note = (): Extent => ({
    anchor: readAnchor(files.anchor, readKeys(files)?.anchor ?? null),
    files: files.segments().map(number => ({ number, bytes: statSync(files.segment(number)).size }))
  });
  // Where the lock cannot be made (another user's ledger, a copy on read-only ground) nobody here appends either.
  return withLock(files.lock, note).catch(note);
}
