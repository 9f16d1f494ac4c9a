import { type V1Affinity } from '@kubernetes/client-node';
import { posix } from 'node:path';
import { VeilError, type OperationRecord, type RecoveredOperation, type RestoreReport } from '../../protocol';
import { type Run } from '../run';
import { claimFrom, lastEvent, makeClaim } from './claims';
import { type Cluster } from './cluster';
import { rememberRestore, type Restored } from './deployment';
import { type Home } from './home';
import { type ClusterLedger } from './ledger';
import { annotation, key, nameOf, operationLabels, uidOf } from './names';
import { hasFailed, sideJob } from './side-job';
import { requireReady, requireSnapshot } from './snapshots';
import { take, type Taking } from './take';
import { waitFor } from './wait';

const SECONDS = 3600;
const [FROM, TO] = ['/veilbook-from', '/veilbook-to'];

/**
 * Folders are made where they lack, every file is copied beside its place and renamed into it; `$1` is the operation, the rest are
 * paths. Plain sh, find, cp and mv: the image is the workspace's own.
 */
const COPY = `
operation=$1; shift
cd ${FROM}
for path in "$@"; do
  find "./$path" -type d -exec sh -euc 'for folder; do mkdir -p "${TO}/$folder"; done' sh {} +
  find "./$path" ! -type d -exec sh -euc 'part=".veilbook-$1"; shift
    for file; do
      folder="${TO}/\${file%/*}"; cp -a "$file" "$folder/$part"; mv -fT "$folder/$part" "${TO}/$file"
    done' sh "$operation" {} +
done`;

interface Plan {
  claim: string;
  safety: string;
  restored: Restored;
  deployment: string;
}

/**
 * Bring files and folders back into the claim while the workspace goes on: a Job mounts a claim made from the snapshot beside the
 * workspace's own. What else lies in a folder stays. A safety snapshot of the whole claim is taken first.
 * @throws VeilError `bad_request` for a path that is not in the workspace, `timed_out`, `output_unwritable` when copying failed
 */
export async function restoreFiles(
  ledger: ClusterLedger,
  home: Home,
  run: Run,
  { snapshot: id, paths, provenance }: { snapshot: string; paths: readonly string[]; provenance: Taking['provenance'] }
): Promise<RestoreReport> {
  const { cluster } = ledger;
  const wanted = paths.map(pathIn);
  const snapshot = await requireSnapshot(cluster, home, id);
  requireReady(snapshot);
  const labels = operationLabels(home.name, run.id);
  const fresh = claimFrom(snapshot, home.claim, { name: `veilbook-files-${run.id}`, labels });
  const claim = fresh.metadata?.name ?? '';
  await cluster.create('PersistentVolumeClaim', fresh, true);
  await run.phase('safety');
  const label = `before ${wanted.join(', ')} came back from ${annotation(snapshot, 'label') || id}`.slice(0, 200);
  const safety = nameOf(await take(cluster, home, run, { kind: 'safety', label, provenance }));
  const at = new Date().toISOString();
  const now = nameOf(home.claim);
  const restored: Restored = { operation: run.id, snapshot: id, safety, at, paths: wanted, undone: false, from: now, to: now };
  const plan: Plan = { claim, safety, restored, deployment: nameOf(home.deployment) };
  await ledger.plan(run.id, plan);
  try {
    await run.phase('copying', { safety });
    // It holds a copy and nobody's data: it may go with the record.
    await makeClaim(
      cluster,
      { ...fresh, metadata: { ...fresh.metadata, ownerReferences: await ledger.ownerOf(run.id) } },
      run.id
    );
    await run.commit('committing');
  } catch (thrown) {
    await clear(cluster, run.id, claim);
    throw thrown;
  }
  const job = await cluster.create(
    'Job',
    await sideJob(ledger, home, {
      name: jobName(run.id),
      what: 'copy',
      operation: run.id,
      script: COPY,
      parameters: [run.id, ...wanted],
      claims: [
        { claim, at: FROM, readOnly: true },
        { claim: now, at: TO, readOnly: false }
      ],
      seconds: SECONDS,
      affinity: await besideWorkspace(cluster, home)
    })
  );
  await ended(cluster, nameOf(job), run);
  await finish(cluster, run.id, plan);
  return { ...NO_COUNTS, operation: run.id, snapshot: id, safety };
}

/** @returns null while the Job is still at work: the next who opens the workspace looks again */
export async function recoverFiles(
  ledger: ClusterLedger,
  record: OperationRecord
): Promise<RecoveredOperation['outcome'] | null> {
  const plan = await ledger.planOf<Plan>(record.id);
  if (!plan) {
    return 'undone';
  }
  const job = await ledger.cluster.find('Job', jobName(record.id));
  if (!job) {
    await clear(ledger.cluster, record.id, plan.claim);
    return 'undone';
  }
  if ((job.status?.succeeded ?? 0) > 0) {
    await finish(ledger.cluster, record.id, plan);
    return 'finished';
  }
  return hasFailed(job) ? 'undone' : null;
}

async function finish(cluster: Cluster, operation: string, { claim, restored, deployment }: Plan): Promise<void> {
  await rememberRestore(cluster, deployment, restored);
  await clear(cluster, operation, claim);
}

/** Job and copy; a Role that may not remove claims leaves the copy to go with the record. */
async function clear(cluster: Cluster, operation: string, claim: string): Promise<void> {
  for (const [kind, name] of [
    ['Job', jobName(operation)],
    ['PersistentVolumeClaim', claim]
  ] as const) {
    const made = await cluster.find(kind, name);
    if (made?.metadata?.labels?.[key('operation')] === operation) {
      await cluster.remove(kind, name, uidOf(made)).catch(() => undefined);
    }
  }
}

async function ended(cluster: Cluster, job: string, run: Run): Promise<void> {
  await waitFor(
    async () => {
      const now = await cluster.get('Job', job);
      if ((now.status?.succeeded ?? 0) > 0) {
        return { found: true };
      }
      const pod = (await cluster.list('Pod', { labels: `job-name=${job}` }).catch(() => [])).at(0);
      const said = pod?.status?.containerStatuses?.[0]?.state?.terminated?.message;
      const reason = said ?? (pod && (await lastEvent(cluster, 'Pod', nameOf(pod)))) ?? null;
      if (hasFailed(now)) {
        throw new VeilError(
          'output_unwritable',
          `Copying stopped in the middle (${reason ?? 'no reason was given'}): some of the files may be there already.`,
          'Do it again, or restore the safety snapshot.'
        );
      }
      return { reason };
    },
    { unless: 'The files are not all there', seconds: SECONDS, seen: reason => run.progress({ reason }) }
  );
}

/** A claim that one node may mount is mounted where the workspace's pod is. */
async function besideWorkspace(cluster: Cluster, { deployment }: Home): Promise<V1Affinity | undefined> {
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  const pods = await cluster.list('Pod', { labels: labels.join(',') }).catch(() => []);
  const node = pods.map(({ spec }) => spec?.nodeName).find(name => name);
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node ?? ''] }];
  return node
    ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } } }
    : undefined;
}

function pathIn(text: string): string {
  const path = posix.normalize(text).replace(/\/$/, '');
  if (path === '' || path === '.' || path.startsWith('/') || path === '..' || path.startsWith('../') || path.includes('\0')) {
    throw new VeilError(
      'bad_request',
      `${text} is no path in the workspace. Nothing was changed.`,
      'Name it relative to the workspace.'
    );
  }
  return path;
}

const jobName = (operation: string): string => `veilbook-files-${operation}`;

/** Of a volume that was handed to the cluster nobody counts files. */
export const NO_COUNTS = {
  created: null,
  replaced: null,
  removed: null,
  adjusted: null,
  unchanged: null,
  bytes: null,
  left_out: [],
  left_out_total: 0
};
