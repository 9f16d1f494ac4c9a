import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Receipt } from '../protocol';
import { CommandIDs } from './commands';
import { isTailUrl, tailLine, withTail, type ActiveCell } from './tailcell';
import type { IServersModel, ListedTail } from './tokens';
import { said } from './workspacework';

/** What a person is asked. */
export interface ServerQuestions {
  /** One of several addresses; null when it was called off. */
  choose(urls: readonly string[]): Promise<string | null>;
  /** An address to be added; null when it was called off. */
  add(): Promise<string | null>;
  /**
   * A line to be copied into a cell.
   * @param why nothing was put into one
   */
  copy(line: string, why: string): Promise<void>;
}

export interface ServerPlaces {
  /** The cell that is edited; null where none is. */
  cell(): ActiveCell | null;
  /** Hand a file to the browser. */
  download(name: string, receipt: Receipt): void;
}

/** Whether a `%%veil noisy` cell could send there, as far as is known now. */
export function isUsable({ url, refused }: ListedTail, model: Pick<IServersModel, 'look'>): boolean {
  const look = model.look(url);
  const clean = look !== null && look.state !== 'broken' && look.side === 'clean tail';
  return refused === null && look?.state !== 'refused' && !clean;
}

/**
 * Put a tail into a cell, list and forget addresses, look through the ledger, download a receipt. A command of one server takes its
 * address as `url`, one of a departure the number of its entry as `entry`.
 */
export function addServerCommands(
  commands: CommandRegistry,
  model: IServersModel,
  questions: ServerQuestions,
  places: ServerPlaces,
  trans: TranslationBundle
): void {
  const isKnown = () => model.current.state === 'known' && model.outage === null;

  commands.addCommand(CommandIDs.useAsTail, {
    label: trans.__('Use a Model Server as Tail…'),
    caption: trans.__('Write the tail: line into the active cell of %1', '%%veil noisy'),
    execute: async ({ url }) => {
      const usable = model.tails.filter(tail => isUsable(tail, model)).map(tail => tail.url);
      if (typeof url !== 'string' && usable.length === 0) {
        Notification.info(trans.__('No server is known that could be a tail. Add one in the Veilbook panel, under Servers.'));
        return;
      }
      const tail = typeof url === 'string' ? url : await questions.choose(usable);
      if (tail === null || !isTailUrl(tail)) {
        return;
      }
      const cell = places.cell();
      const changed = cell && !cell.readOnly ? withTail(cell.source, tail) : null;
      if (!cell || changed === null) {
        const why = cell?.readOnly
          ? trans.__('The active cell cannot be edited.')
          : trans.__('The active cell is none that begins with %1.', '%%veil noisy');
        await questions.copy(tailLine(tail), why);
        return;
      }
      cell.replace(changed);
      const told = trans.__(
        'The active cell of %1 names %2 as its tail. Nothing is sent before you run it.',
        cell.notebook,
        tail
      );
      Notification.success(told, { autoClose: 6000 });
    }
  });
  commands.addCommand(CommandIDs.addServer, {
    label: trans.__('Add a Model Server…'),
    caption: trans.__('List a server in the Veilbook panel; nothing is sent because of it'),
    execute: async () => {
      const url = (await questions.add())?.trim();
      if (!url) {
        return;
      }
      if (!isTailUrl(url)) {
        const example = 'triton://host:8000/face_detection_noisy';
        Notification.error(trans.__('That is no address of a tail. Write it as in %1, without a password.', example), {
          autoClose: 8000
        });
        return;
      }
      await attempt(model.add(url));
    }
  });
  commands.addCommand(CommandIDs.removeServer, {
    label: trans.__('Forget a Model Server'),
    isEnabled: ({ url }) => model.tails.some(tail => tail.added && tail.url === url),
    execute: async ({ url }) => {
      await attempt(model.remove(String(url)));
    }
  });
  commands.addCommand(CommandIDs.verifyLedger, {
    label: trans.__('Verify the Ledger'),
    caption: trans.__('Look through all that is recorded of what left'),
    isEnabled: () => isKnown() && !model.verifying,
    execute: async () => {
      await attempt(model.verify());
      const verdict = model.ledger?.verdict;
      if (verdict?.ok) {
        Notification.success(trans._n('The ledger is whole: %1 entry.', 'The ledger is whole: %1 entries.', verdict.entries), {
          autoClose: 4000
        });
      }
    }
  });
  commands.addCommand(CommandIDs.downloadReceipt, {
    label: trans.__('Download the Receipt of a Departure'),
    isEnabled: ({ entry }) => isKnown() && typeof entry === 'number',
    execute: async ({ entry }) => {
      const receipt = await attempt(model.receipt(Number(entry)));
      if (receipt) {
        places.download(`veilbook-receipt-${Number(entry)}.json`, receipt);
      }
    }
  });
  model.changed.connect(() => {
    for (const id of [CommandIDs.removeServer, CommandIDs.verifyLedger, CommandIDs.downloadReceipt]) {
      commands.notifyCommandChanged(id);
    }
  });

  /** Null when it failed, and a notification then. */
  async function attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      Notification.error(said(error), { autoClose: false });
      return null;
    }
  }
}
