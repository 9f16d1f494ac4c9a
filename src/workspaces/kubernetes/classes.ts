import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../../protocol';
import { type Cluster } from './cluster';
import { nameOf } from './names';

const DEFAULT = 'snapshot.storage.kubernetes.io/is-default-class';
/** The provisioner writes its driver's name on each claim; older ones the second. */
const DRIVER = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];

/**
 * The VolumeSnapshotClass for a claim: of its driver the default one, else the only one. Classes lie outside namespaces; who may
 * not read them leaves the choice to the cluster, which knows a default for each driver.
 * @returns null: say no class
 * @throws VeilError `bad_request` where several fit and none is the default, `not_found` where none fits
 */
export async function snapshotClassFor(cluster: Cluster, claim: V1PersistentVolumeClaim): Promise<string | null> {
  const driver = DRIVER.map(name => claim.metadata?.annotations?.[name]).find(name => name);
  const all = await cluster.list('VolumeSnapshotClass').catch(thrown => {
    if (thrown instanceof VeilError && thrown.code === 'forbidden') {
      return null;
    }
    throw thrown;
  });
  if (all === null || driver === undefined) {
    return null;
  }
  const fitting = all.filter(one => one.driver === driver);
  const defaults = fitting.filter(({ metadata }) => metadata?.annotations?.[DEFAULT] === 'true');
  const chosen = defaults.length === 1 ? defaults[0] : fitting.length === 1 ? fitting[0] : null;
  if (chosen) {
    return nameOf(chosen);
  }
  throw fitting.length === 0
    ? new VeilError(
        'not_found',
        `There is no VolumeSnapshotClass for driver ${driver}, which keeps claim ${nameOf(claim)}. No snapshot was taken.`,
        'An administrator makes one; veilbook doctor shows what is there.'
      )
    : new VeilError(
        'bad_request',
        `Several VolumeSnapshotClasses fit driver ${driver} (${fitting.map(nameOf).join(', ')}), and not just one is the default.`,
        `An administrator annotates one of them: ${DEFAULT}=true.`
      );
}
