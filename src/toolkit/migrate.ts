import { type Cluster } from '../workspaces/kubernetes/cluster';
import { migrationFrom, type Migration } from './migration';
import { snapshotsThere } from './volume-list';

/** What a namespace holds of the toolkit's, and what is at risk there. Looks only. @throws VeilError `forbidden`, `cluster_unavailable` */
export async function migrationOf(cluster: Cluster): Promise<Migration> {
  const [claims, snapshots, deployments] = await Promise.all([
    cluster.list('PersistentVolumeClaim'),
    snapshotsThere(cluster),
    cluster.list('Deployment')
  ]);
  return migrationFrom({ namespace: cluster.namespace, claims, snapshots, deployments });
}
