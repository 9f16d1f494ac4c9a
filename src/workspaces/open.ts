import { type RecoveredOperation } from '../protocol';
import { openLocalWorkspace } from './local/open';
import { type WorkspaceProvider } from './provider';

/**
 * The workspace that a folder is: in a pod whose Deployment mounts a claim there it is that claim, anywhere else the folder itself.
 * `VEILBOOK_WORKSPACE=local` takes the folder in a pod too.
 * @throws VeilError `not_found` where there is no such folder; in a pod also `forbidden` and `cluster_unavailable`: what the
 *   cluster holds is never taken for a plain folder because it could not be asked
 */
export async function openWorkspaceIn(
  dir: string,
  onRecovered?: (done: RecoveredOperation[]) => void
): Promise<WorkspaceProvider> {
  if (process.env.KUBERNETES_SERVICE_HOST !== undefined && process.env.VEILBOOK_WORKSPACE !== 'local') {
    const { openOwnWorkspace } = await import('./kubernetes');
    const own = await openOwnWorkspace(dir, onRecovered);
    if (own) {
      return own;
    }
  }
  return openLocalWorkspace({ dir, onRecovered });
}
