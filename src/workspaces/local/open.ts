import { type RecoveredOperation, VeilError } from '../../protocol';
import { type WorkspaceProvider } from '../provider';
import { LocalWorkspace } from './provider';
import { knownStores, storeOf, storeRoot } from './store';

export interface LocalOptions {
  /** The workspace's folder. */
  dir: string;
  /** An id in place of the folder: also of a workspace whose folder is gone. */
  workspace?: string;
  /** Where snapshots lie; default `$XDG_DATA_HOME/veilbook/snapshots`. */
  root?: string;
  /** How long an operation waits for another one on the same workspace; default 10. */
  waitSeconds?: number;
  /** Told what a crash had left, when there was something. */
  onRecovered?: (done: RecoveredOperation[]) => void;
}

/**
 * The workspace in a folder. What a crash left is finished or undone first, unless somebody is at work on it.
 * @throws VeilError `not_found` where there is no such folder or workspace
 */
export async function openLocalWorkspace({
  dir,
  workspace,
  root,
  waitSeconds = 10,
  onRecovered
}: LocalOptions): Promise<WorkspaceProvider> {
  const store = workspace === undefined ? await storeOf(dir, root) : await storeNamed(workspace, root ?? storeRoot());
  const opened = new LocalWorkspace(store, waitSeconds);
  const done = await opened.recover();
  if (done.length > 0) {
    onRecovered?.(done);
  }
  return opened;
}

async function storeNamed(workspace: string, root: string) {
  const known = (await knownStores(root)).find(({ store }) => store.id === workspace);
  if (!known) {
    throw new VeilError(
      'not_found',
      `There is no workspace ${workspace}. Nothing was done.`,
      'See veilbook workspace list --all.'
    );
  }
  return known.store;
}
