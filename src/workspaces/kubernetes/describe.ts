import { type OperationRecord, Workspace } from '../../protocol';
import { type Cluster } from './cluster';
import { madeHere } from './delete-workspace';
import { lastRestoreOf } from './deployment';
import { type Home } from './home';
import { jsonAnnotation, nameOf } from './names';
import { snapshotsOf } from './snapshots';

/** What users see of a workspace. Clones that the toolkit made say where they are from by a label and the claim's source. */
export async function describeHome(cluster: Cluster, home: Home, operations: readonly OperationRecord[]): Promise<Workspace> {
  const snapshots = await snapshotsOf(cluster, home);
  const source = home.deployment.metadata?.labels?.['source-jupyterlab-workspace'];
  const theirs = source === undefined ? null : { workspace: source, snapshot: home.claim.spec?.dataSource?.name ?? '' };
  const last = lastRestoreOf(home.deployment);
  return {
    id: home.name,
    name: home.name,
    provider: 'kubernetes',
    location: `${cluster.namespace}/${nameOf(home.claim)}`,
    state: 'present',
    made_here: madeHere(home),
    clone_of: jsonAnnotation(home.deployment, 'clone-of', Workspace.properties.clone_of) ?? theirs,
    snapshots: snapshots.length,
    newest_snapshot: snapshots.map(nameOf).at(0) ?? null,
    last_restore: last && {
      operation: last.operation,
      snapshot: last.snapshot,
      safety: last.safety,
      at: last.at,
      paths: last.paths,
      undone: last.undone
    },
    running: operations.find(({ state }) => state === 'running') ?? null
  };
}
