import { Snapshot, VeilError } from '../../protocol';
import { type Cluster } from './cluster';
import { claimNameOf, type Home } from './home';
import { annotation, jsonAnnotation, key, nameOf, TOOLKIT_CLONE_SNAPSHOT, WORKSPACE_LABEL } from './names';
import { bytesOf } from './quantity';
import { type VolumeSnapshot } from './volume-snapshot';

/**
 * Snapshots of every claim that this workspace has used, whoever took them, newest first.
 */
export async function snapshotsOf(cluster: Cluster, home: Home): Promise<VolumeSnapshot[]> {
  const [all, claims] = [await cluster.list('VolumeSnapshot'), await claimsOf(cluster, home)];
  return all
    .filter(
      one => claims.has(one.spec.source.persistentVolumeClaimName ?? '') || one.metadata?.labels?.[key('workspace')] === home.name
    )
    .sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1));
}

/** Names of the claim it uses and of those it used before a restore. */
export async function claimsOf(cluster: Cluster, { name, deployment, volume }: Home): Promise<Set<string>> {
  const labelled = await cluster.list('PersistentVolumeClaim', { labels: `${WORKSPACE_LABEL}=${name}` });
  return new Set([claimNameOf(deployment, volume), ...labelled.map(nameOf)]);
}

/** @throws VeilError `not_found` where it is not one of this workspace's */
export async function requireSnapshot(cluster: Cluster, home: Home, id: string): Promise<VolumeSnapshot> {
  const found = (await snapshotsOf(cluster, home)).find(one => nameOf(one) === id);
  if (!found) {
    throw new VeilError(
      'not_found',
      `Workspace ${home.name} has no snapshot ${id}. Nothing was changed.`,
      'See veilbook workspace list.'
    );
  }
  return found;
}

/** @throws VeilError `bad_request` for one that nothing can be made from */
export function requireReady(snapshot: VolumeSnapshot): void {
  if (snapshot.metadata?.deletionTimestamp || snapshot.status?.readyToUse !== true) {
    const why = snapshot.metadata?.deletionTimestamp ? 'is being deleted' : 'is not ready';
    const error = snapshot.status?.error?.message;
    throw new VeilError(
      'bad_request',
      `Snapshot ${nameOf(snapshot)} ${why}${error ? ` (${oneLine(error)})` : ''}. Nothing was changed.`,
      'Wait, or use another one.'
    );
  }
}

const KINDS: readonly Snapshot['kind'][] = ['user', 'safety', 'clone'];

/** What users see of a VolumeSnapshot. */
export function describeSnapshot(one: VolumeSnapshot, workspace: string): Snapshot {
  const id = nameOf(one);
  const { status, metadata } = one;
  const foreignClone = id.startsWith(TOOLKIT_CLONE_SNAPSHOT);
  return {
    id,
    workspace,
    label: annotation(one, 'label') ?? (foreignClone ? 'made for a clone by the NetApp DataOps Toolkit' : ''),
    kind: KINDS.find(kind => kind === annotation(one, 'kind')) ?? (foreignClone ? 'clone' : 'user'),
    created: time(status?.creationTime ?? metadata?.creationTimestamp),
    state: metadata?.deletionTimestamp ? 'deleting' : status?.readyToUse === true ? 'ready' : 'creating',
    // The driver goes on trying: what it said last explains the wait, and is gone when it works.
    error: status?.readyToUse === true ? null : oneLine(status?.error?.message ?? '') || null,
    pinned: annotation(one, 'pinned') === 'true',
    parent: annotation(one, 'parent'),
    git: jsonAnnotation(one, 'git', Snapshot.properties.git),
    notebook: jsonAnnotation(one, 'notebook', Snapshot.properties.notebook),
    run: annotation(one, 'run'),
    saved_documents: jsonAnnotation(one, 'saved-documents', Snapshot.properties.saved_documents),
    files: null,
    bytes: null,
    copied_bytes: null,
    method: 'csi',
    paths: null,
    left_out: [],
    left_out_total: 0,
    tree: null
  };
}

/** What a claim made from it asks for: the size its source had then, else the larger of what the driver and the source say. */
export function sizeOf(one: VolumeSnapshot, source: { status?: { capacity?: Record<string, string> } } | null): string {
  const recorded = annotation(one, 'capacity');
  if (recorded) {
    return recorded;
  }
  const sizes = [one.status?.restoreSize, source?.status?.capacity?.storage].filter(size => size !== undefined);
  const known = sizes.filter(size => bytesOf(size) > 0);
  if (known.length === 0) {
    throw new VeilError(
      'bad_request',
      `How large a claim from snapshot ${nameOf(one)} must be is not known: its source is gone and the driver does not say.`,
      `Annotate it: ${key('capacity')}=10Gi.`
    );
  }
  return known.reduce((a, b) => (bytesOf(a) >= bytesOf(b) ? a : b));
}

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);

const time = (at: string | Date | undefined): string => new Date(at ?? 0).toISOString();
/** Names of ours hold the millisecond; the cluster's own clock has seconds. */
const sortKey = (one: VolumeSnapshot): string => `${time(one.metadata?.creationTimestamp)} ${nameOf(one)}`;
