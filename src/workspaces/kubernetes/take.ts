import { type Snapshot, type SnapshotRequest, VeilError } from '../../protocol';
import { newId } from '../ids';
import { type Run } from '../run';
import { snapshotClassFor } from './classes';
import { type Cluster } from './cluster';
import { ClusterError } from './failures';
import { type Home } from './home';
import { key, nameOf, operationLabels, uidOf } from './names';
import { oneLine, snapshotsOf } from './snapshots';
import { type VolumeSnapshot } from './volume-snapshot';
import { waitFor } from './wait';

/** How long a snapshot may take to be ready. It goes on after that; only nobody waits for it. */
const READY_SECONDS = 600;

export interface Taking extends SnapshotRequest {
  kind: Snapshot['kind'];
  /** What only somebody in the workspace's own pod can know. */
  provenance: { git: Snapshot['git']; notebook: Snapshot['notebook'] };
}

/**
 * Take a VolumeSnapshot of the workspace's claim and wait until it is ready. It may be mounted meanwhile: the snapshot is what a
 * power cut would have left, which is why documents are saved before.
 * Stopped before it is ready, it is removed again; after the deadline it stays, to become ready when it can.
 * @throws VeilError `bad_request` for a claim that is not bound, `timed_out` with what the driver says, `quota_exceeded`, …
 */
export async function take(
  cluster: Cluster,
  home: Home,
  run: Run,
  asked: Taking,
  seconds = READY_SECONDS
): Promise<VolumeSnapshot> {
  const { claim } = home;
  if (claim.status?.phase !== 'Bound' || claim.metadata?.deletionTimestamp) {
    const why = claim.metadata?.deletionTimestamp ? 'is being deleted' : `is ${claim.status?.phase ?? 'new'}, not Bound`;
    throw new VeilError(
      'bad_request',
      `Claim ${nameOf(claim)} ${why}. No snapshot was taken.`,
      'See kubectl describe pvc for what it waits for.'
    );
  }
  const volumeSnapshotClassName = (await snapshotClassFor(cluster, claim)) ?? undefined;
  const parent = (await snapshotsOf(cluster, home)).map(nameOf).at(0);
  const made = await make(cluster, run, {
    metadata: {
      name: `veilbook-${newId()}`,
      labels: operationLabels(home.name, run.id),
      annotations: annotationsOf(asked, home, parent)
    },
    spec: { volumeSnapshotClassName, source: { persistentVolumeClaimName: nameOf(claim) } }
  });
  try {
    return await ready(cluster, nameOf(made), run, seconds);
  } catch (thrown) {
    if (run.signal.aborted) {
      await cluster.remove('VolumeSnapshot', nameOf(made), uidOf(made));
    }
    throw thrown;
  }
}

function ready(cluster: Cluster, name: string, run: Run, seconds: number): Promise<VolumeSnapshot> {
  return waitFor<VolumeSnapshot>(
    async () => {
      const one = await cluster.get('VolumeSnapshot', name);
      const error = one.status?.error?.message;
      return one.status?.readyToUse === true ? { found: one } : { reason: error ? oneLine(error) : null };
    },
    {
      unless: `Snapshot ${name} is not ready`,
      seconds,
      signal: run.signal,
      seen: reason => run.progress({ reason })
    }
  );
}

/** A create whose answer was lost is made again and then finds its own. */
async function make(
  cluster: Cluster,
  run: Run,
  fresh: Parameters<Cluster['create']>[1] & Pick<VolumeSnapshot, 'spec' | 'metadata'>
) {
  try {
    return await cluster.create('VolumeSnapshot', fresh);
  } catch (thrown) {
    const there =
      thrown instanceof ClusterError && thrown.status === 409
        ? await cluster.find('VolumeSnapshot', fresh.metadata?.name ?? '')
        : null;
    if (there?.metadata?.labels?.[key('operation')] === run.id) {
      return there;
    }
    throw thrown;
  }
}

function annotationsOf({ kind, label, run, saved_documents, pinned, provenance }: Taking, home: Home, parent?: string) {
  const capacity = home.claim.status?.capacity?.storage;
  const said: [string, string | null | undefined][] = [
    ['kind', kind],
    ['label', label],
    ['run', run],
    ['parent', parent],
    ['saved-documents', saved_documents === undefined ? null : String(saved_documents)],
    ['pinned', pinned ? 'true' : null],
    ['git', provenance.git && JSON.stringify(provenance.git)],
    ['notebook', provenance.notebook && JSON.stringify(provenance.notebook)],
    ['capacity', capacity]
  ];
  return Object.fromEntries(said.flatMap(([name, value]) => (value ? [[key(name), value]] : [])));
}
