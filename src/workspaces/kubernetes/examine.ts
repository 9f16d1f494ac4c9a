import { VeilError } from '../../protocol';
import { snapshotClassFor } from './classes';
import { type Cluster } from './cluster';
import { keeperOf } from './deployment';
import { findHome } from './home';
import { nameOf } from './names';
import { openCluster, type ClusterOptions } from './open';
import { missingRights } from './rights';

/** One thing that was looked at. */
export interface Finding {
  what: string;
  /** note: works without it. */
  state: 'ok' | 'note' | 'missing';
  found: string;
  remedy: string | null;
}

/**
 * What of a cluster is there for workspaces: reach, snapshot kinds, classes, rights, and one workspace by its name. Looks only;
 * it stops where nothing behind can be looked at.
 */
export async function examine({ name, ...where }: ClusterOptions & { name?: string }): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (what: string, work: () => Promise<Omit<Finding, 'what' | 'remedy'> & { remedy?: string }>) => {
    try {
      findings.push({ what, remedy: null, ...(await work()) });
      return true;
    } catch (thrown) {
      const { message, remedy } = VeilError.from(thrown);
      findings.push({ what, state: 'missing', found: message, remedy });
      return false;
    }
  };
  let cluster!: Cluster;
  const reached = await look('cluster', async () => {
    cluster = openCluster(where);
    const missing = await missingRights(cluster);
    const needed = missing.filter(({ actions }) => actions.some(action => action !== 'delete_workspace'));
    findings.push({
      what: 'rights',
      state: needed.length > 0 ? 'missing' : missing.length > 0 ? 'note' : 'ok',
      found: missing.length === 0 ? 'all' : `not allowed: ${missing.map(({ verb }) => verb).join(', ')}`,
      remedy: missing.length === 0 ? null : `veilbook rbac --namespace ${cluster.namespace} | kubectl apply -f -`
    });
    return { state: 'ok', found: `answers; namespace ${cluster.namespace}` };
  });
  if (!reached) {
    return findings;
  }
  await look('snapshots', async () => {
    const all = await cluster.list('VolumeSnapshot');
    return { state: 'ok', found: `${all.length} in the namespace` };
  });
  await look('classes', async () => {
    const classes = await cluster.list('VolumeSnapshotClass');
    const found = classes.map(one => `${nameOf(one)} (${one.driver}, ${one.deletionPolicy})`).join(', ');
    return classes.length > 0
      ? { state: 'ok', found }
      : { state: 'missing', found: 'no VolumeSnapshotClass', remedy: 'An administrator makes one for the CSI driver.' };
  });
  if (name !== undefined) {
    await look(`workspace ${name}`, async () => {
      const home = await findHome(cluster, name);
      const keeper = keeperOf(home.deployment);
      const chosen = await snapshotClassFor(cluster, home.claim);
      const modes = home.claim.spec?.accessModes?.join(', ') ?? '';
      const found = `claim ${nameOf(home.claim)} (${modes}), class ${chosen ?? 'of the cluster’s choice'}`;
      return keeper === null
        ? { state: 'ok', found }
        : {
            state: 'note',
            found: `${found}; ${keeper} keeps its Deployment and may undo a restore`,
            remedy: `Set the claim's name in what ${keeper} reads.`
          };
    });
  }
  return findings;
}
