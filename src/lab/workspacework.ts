import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { PanelWorkspace, Snapshot, WorkspaceOperation } from '../protocol';
import { RequestError } from './api';
import { CommandIDs } from './commands';
import type { OpenDocuments } from './opendocuments';
import type { IWorkspaceModel, WorkspaceAction } from './tokens';

/** What the commands of the workspace share: what is possible now, and one notification for each operation. */
export class WorkspaceWork {
  constructor(
    readonly commands: CommandRegistry,
    readonly model: IWorkspaceModel,
    readonly documents: OpenDocuments,
    readonly trans: TranslationBundle
  ) {}

  /** What is known; null while nothing is. */
  get view(): PanelWorkspace | null {
    const { current } = this.model;
    return current.state === 'known' ? current.view : null;
  }

  /** Nothing is under way, and the server answers. */
  get isFree(): boolean {
    const { running, asking, outage } = this.model;
    return running === null && !asking && outage === null;
  }

  may(action: keyof PanelWorkspace['capabilities']['actions']): boolean {
    return this.view?.capabilities.actions[action].allowed ?? false;
  }

  /** The same, and yes while nothing is known: a command asks the server without a panel that looks. */
  mightBe(action: keyof PanelWorkspace['capabilities']['actions']): boolean {
    return this.view === null || this.may(action);
  }

  /** The snapshot that a command was called with. */
  chosen({ snapshot }: ReadonlyPartialJSONObject): Snapshot | null {
    return this.view?.snapshots.find(({ id }) => id === snapshot) ?? null;
  }

  /**
   * Save documents, change files, and read the documents again.
   * @param paths only documents that these touch; all without
   * @param said what is done, without its full stop
   * @param undo offer to take it back
   */
  changeFiles(pending: string, action: WorkspaceAction, said: string, undo: boolean, paths?: string[]): Promise<void> {
    const { trans, commands } = this;
    const after = undo ? [{ label: trans.__('Undo'), callback: () => void commands.execute(CommandIDs.undoRestore) }] : undefined;
    return this.announce(
      pending,
      async () => {
        await this.documents.save(paths);
        const done = await this.model.perform(action);
        await this.documents.revert(paths);
        return this._summary(done, said);
      },
      after
    );
  }

  /** One notification, from `pending` to what `work` resolves with, or what it failed of. */
  async announce(pending: string, work: () => Promise<string>, actions?: Notification.IAction[]): Promise<void> {
    const id = Notification.emit(pending, 'in-progress', { autoClose: false });
    try {
      const message = await work();
      Notification.update({ id, message, type: 'success', autoClose: actions ? 15_000 : 4000, actions });
    } catch (error) {
      const cancelled = error instanceof RequestError && error.failure.code === 'cancelled';
      Notification.update({ id, message: said(error), type: cancelled ? 'warning' : 'error', autoClose: cancelled && 4000 });
    }
  }

  /** For what is over at once: a notification only when it failed. */
  async attempt<T>(work: Promise<T>): Promise<T | null> {
    try {
      return await work;
    } catch (error) {
      Notification.error(said(error), { autoClose: false });
      return null;
    }
  }

  /** A dialog that only has to be read. */
  async tell(title: string, body: string): Promise<void> {
    await showDialog({ title, body, buttons: [Dialog.okButton({ label: this.trans.__('Close') })] });
  }

  private _summary({ result }: WorkspaceOperation, what: string): string {
    const { trans } = this;
    const report = result?.restored;
    if (!report) {
      return `${what}.`;
    }
    const { created, replaced, removed, left_out_total: leftOut } = report;
    const counts = trans.__('%1 came back, %2 changed, %3 removed', created, replaced, removed);
    const left = leftOut > 0 ? ` ${trans._n('%1 was left as it is.', '%1 were left as they are.', leftOut)}` : '';
    return `${what}: ${counts}.${left}`;
  }
}

export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
