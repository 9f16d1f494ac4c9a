import { VeilError } from '../protocol';
import { openLocalWorkspace, type WorkspaceProvider } from '../workspaces';

/**
 * Another workspace, by its id, of those that lie where this one does.
 * @param own the workspace of the folder
 * @throws VeilError `not_found` where that one knows no such other one
 */
export async function openOther(own: WorkspaceProvider, dir: string, id: string): Promise<WorkspaceProvider> {
  if (own.kind === 'local') {
    return openLocalWorkspace({ dir, workspace: id });
  }
  const other = (await own.listWorkspaces()).find(one => one.id === id);
  if (!other) {
    throw new VeilError('not_found', `There is no workspace ${id}. Nothing was done.`, 'See the list of other workspaces.');
  }
  const { openKubernetesWorkspace } = await import('../workspaces/kubernetes');
  const [namespace] = other.location.split('/');
  return openKubernetesWorkspace({ namespace, name: other.name });
}
