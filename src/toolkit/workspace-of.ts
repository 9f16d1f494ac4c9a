import { VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { key, WORKSPACE_LABEL } from '../workspaces/kubernetes/names';

/**
 * The workspace that a snapshot is of: as it says itself, or as its claim does.
 * @throws VeilError `not_found` where there is no such snapshot, or nobody says of what workspace it is
 */
export async function workspaceOfSnapshot(cluster: Cluster, name: string): Promise<string> {
  const snapshot = await cluster.find('VolumeSnapshot', name);
  const own = snapshot?.metadata?.labels?.[key('workspace')];
  if (own !== undefined) {
    return own;
  }
  const source = snapshot?.spec.source.persistentVolumeClaimName;
  const claim = source === undefined ? null : await cluster.find('PersistentVolumeClaim', source);
  const workspace = claim?.metadata?.labels?.[WORKSPACE_LABEL];
  if (workspace === undefined) {
    const why = snapshot === null ? `There is no snapshot ${name}` : `Snapshot ${name} is of no workspace`;
    throw new VeilError(
      'not_found',
      `${why} in namespace ${cluster.namespace}. Nothing was done.`,
      `See veilbook list jupyterlab-snapshots -n ${cluster.namespace}.`
    );
  }
  return workspace;
}
