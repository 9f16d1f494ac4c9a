import { type OperationRecord, type RecoveredOperation, type RestoreReport, VeilError } from '../../protocol';
import { type Run } from '../run';
import { claimFrom, makeClaim } from './claims';
import { type Cluster } from './cluster';
import { available, fence, keeperOf, lastRestoreOf, rememberRestore, swapClaim, type Restored } from './deployment';
import { NO_COUNTS, restoreFiles } from './files';
import { claimNameOf, strangersOn, type Home } from './home';
import { type ClusterLedger } from './ledger';
import { annotation, key, nameOf, operationLabels, uidOf, workspaceLabels } from './names';
import { carryOut, mayRebind, planRebinding, type Rebinding } from './rebind';
import { requireReady, requireSnapshot } from './snapshots';
import { take, type Taking } from './take';
import { verify, verifyName } from './verify';

/** How long the workspace may take to be ready again before the restore is said not to have ended well. */
const AVAILABLE_SECONDS = 600;
/** How long an undo waits for a safety snapshot. */
const UNDO_SECONDS = 60;

interface Plan {
  /** How the claim keeps its name, once that was begun. */
  rebinding?: { how: Rebinding; restored: Restored };
  deployment: string;
  volume: string;
  from: string;
  to: string;
  safety: string;
}

/**
 * Give the workspace a new claim made from the snapshot, and keep the old one. Every step up to the commit adds something and takes
 * nothing away; the commit is one PATCH of the Deployment; nothing that holds data is removed by it or after it.
 *
 * 1. preflight: what would be written is tried with dryRun, so rights, quota and admission speak before anything is made
 * 2. a safety snapshot of the claim that is mounted now
 * 3. a claim from the snapshot, read once by a Job
 * 4. commit: the PATCH. It ends this process when it runs in the workspace; whoever starts next finds the record. Where the claim has to
 *    keep its name, and may, its volume is exchanged instead (rebind.ts)
 * 5. wait until the workspace is ready
 */
export async function restore(
  ledger: ClusterLedger,
  home: Home,
  run: Run,
  { snapshot: id, provenance, keepName }: { snapshot: string; provenance: Taking['provenance']; keepName: boolean }
): Promise<RestoreReport> {
  const { cluster } = ledger;
  const snapshot = await requireSnapshot(cluster, home, id);
  requireReady(snapshot);
  const from = nameOf(home.claim);
  const fresh = claimFrom(snapshot, home.claim, {
    name: restoredName(home, run.id),
    labels: { ...workspaceLabels(home.name, 'restore-jupyterlab-snapshot'), ...operationLabels(home.name, run.id) }
  });
  const to = fresh.metadata?.name ?? '';
  await cluster.create('PersistentVolumeClaim', fresh, true);
  const notes = await notesOn(cluster, home);
  const told = { operation: run.id, snapshot: id, at: new Date().toISOString(), paths: null, undone: false, from, to };
  await swapClaim(cluster, home, { to, restored: { ...told, safety: '' } }, { dryRun: true });

  await run.phase('safety');
  const label = `before the restore of ${annotation(snapshot, 'label') || id}`.slice(0, 200);
  const safety = nameOf(await take(cluster, home, run, { kind: 'safety', label, provenance }));
  const plan: Plan = { deployment: nameOf(home.deployment), volume: home.volume, from, to, safety };
  await ledger.plan(run.id, plan);
  try {
    await run.phase('copying', { safety, target: to });
    const claim = await makeClaim(cluster, fresh, run.id);
    await run.phase('verifying');
    const entries = await verify(ledger, home, claim, run);
    run.progress({ files: entries ?? 0 });
    if (keepName && (await mayRebind(cluster, home))) {
      const staged = await cluster.get('PersistentVolumeClaim', to);
      const how = await planRebinding(cluster, home, staged, run.id);
      plan.rebinding = { how, restored: { ...told, at: new Date().toISOString(), safety, from: how.kept, to: from } };
      await ledger.plan(run.id, plan);
    }
    await run.commit('committing');
  } catch (thrown) {
    const left = await takeBack(cluster, run.id, { to, safety });
    throw left === null || !(thrown instanceof VeilError)
      ? thrown
      : new VeilError(thrown.code, `${thrown.message} ${left}`, thrown.remedy);
  }
  if (plan.rebinding) {
    await carryOut(cluster, plan.rebinding.how, plan.rebinding.restored);
  } else {
    await commit(cluster, home, run.id, { ...told, at: new Date().toISOString(), safety });
  }
  await available(cluster, nameOf(home.deployment), {
    seconds: AVAILABLE_SECONDS,
    seen: reason => run.progress({ reason })
  });
  return { ...NO_COUNTS, operation: run.id, snapshot: id, safety, notes };
}

/** The PATCH, or what was made for it taken back. */
async function commit(cluster: Cluster, home: Home, operation: string, restored: Restored): Promise<void> {
  const { from, to, safety } = restored;
  try {
    await swapClaim(cluster, home, { to, restored });
  } catch (thrown) {
    await giveUp(cluster, home, operation, { to, safety });
    throw thrown;
  }
  await supersede(cluster, from, to);
}

/** What a person should know of a workspace that gets another claim. */
async function notesOn(cluster: Cluster, home: Home): Promise<string[]> {
  const { deployment, claim, name } = home;
  const keeper = keeperOf(deployment);
  const pods = await strangersOn(cluster, home).catch(() => []);
  const others = pods.filter(({ status }) => ['Pending', 'Running'].includes(status?.phase ?? ''));
  const copiers = (deployment.spec?.template.spec?.initContainers ?? []).filter(({ volumeMounts }) =>
    volumeMounts?.some(({ name: volume, readOnly }) => volume === home.volume && !readOnly)
  );
  return [
    ...copiers.map(one => `Container ${one.name} writes to the volume whenever a pod starts: what it copies there comes back.`),
    ...(keeper ? [`${keeper} keeps the Deployment of ${name}: it may give it the old claim again.`] : []),
    ...(others.length > 0
      ? [`${others.map(nameOf).join(', ')} mounts ${nameOf(claim)} too, and goes on with what was there before.`]
      : [])
  ];
}

/**
 * Go back to the claim from before the last restore: one PATCH. The restored claim stays too. Where only files were restored they come
 * from the safety snapshot; those that it does not have stay.
 */
export async function undo(
  ledger: ClusterLedger,
  home: Home,
  run: Run,
  { provenance, keepName }: { provenance: Taking['provenance']; keepName: boolean }
): Promise<RestoreReport> {
  const { cluster } = ledger;
  const last = lastRestoreOf(home.deployment);
  if (!last || last.undone) {
    const why = last ? 'The last restore was undone already' : 'Nothing was restored in this workspace';
    throw new VeilError('not_found', `${why}. Nothing was changed.`, 'Restore a snapshot by its id.');
  }
  if (last.paths) {
    const report = await restoreFiles(ledger, home, run, { snapshot: last.safety, paths: last.paths, provenance });
    await rememberRestore(cluster, nameOf(home.deployment), { ...last, undone: true });
    return report;
  }
  const old = await cluster.find('PersistentVolumeClaim', last.from);
  if (!old || old.metadata?.deletionTimestamp) {
    throw new VeilError(
      'not_found',
      `Claim ${last.from}, which held the workspace before, is gone. Nothing was changed.`,
      `Restore its safety snapshot ${last.safety}.`
    );
  }
  const from = nameOf(home.claim);
  const restored: Restored = { ...last, undone: true };
  await swapClaim(cluster, home, { to: last.from, restored }, { dryRun: true });
  await run.phase('safety', { snapshot: last.safety });
  const notes: string[] = [];
  const safety = await take(cluster, home, run, { kind: 'safety', label: 'before the undo', provenance }, UNDO_SECONDS).then(
    nameOf,
    thrown => {
      run.signal.throwIfAborted();
      // The claim that is given up stays: undo must work also where snapshots do not.
      notes.push(`No safety snapshot was taken (${VeilError.from(thrown).message}): what was restored is in claim ${from}.`);
      return '';
    }
  );
  const plan: Plan = { deployment: nameOf(home.deployment), volume: home.volume, from, to: last.from, safety };
  if (keepName && last.to === from && (await mayRebind(cluster, home))) {
    const how = await planRebinding(cluster, home, old, run.id);
    plan.rebinding = { how, restored: { ...restored, from: how.kept } };
  }
  await ledger.plan(run.id, plan);
  await run.commit('committing');
  if (plan.rebinding) {
    await carryOut(cluster, plan.rebinding.how, plan.rebinding.restored);
  } else {
    await swapClaim(cluster, home, { to: last.from, restored });
    await supersede(cluster, from, last.from);
  }
  await available(cluster, nameOf(home.deployment), {
    seconds: AVAILABLE_SECONDS,
    seen: reason => run.progress({ reason })
  });
  return { ...NO_COUNTS, operation: run.id, snapshot: last.safety, safety, notes };
}

/**
 * A restore or an undo that nobody runs any more: when the Deployment has the new claim, all that mattered is done; else what was
 * made for it goes, after a write that makes a PATCH still on its way from the dead process invalid.
 */
export async function recoverRestore(ledger: ClusterLedger, record: OperationRecord): Promise<RecoveredOperation['outcome']> {
  const { cluster } = ledger;
  const plan = await ledger.planOf<Plan>(record.id);
  if (!plan) {
    return 'undone';
  }
  if (plan.rebinding && record.phase === 'committing') {
    await carryOut(cluster, plan.rebinding.how, plan.rebinding.restored);
    return 'finished';
  }
  const deployment = await cluster.find('Deployment', plan.deployment);
  if (deployment) {
    const now = claimNameOf(deployment, plan.volume) === plan.to ? deployment : await fence(cluster, plan.deployment, record.id);
    if (claimNameOf(now, plan.volume) === plan.to) {
      await supersede(cluster, plan.from, plan.to);
      return 'finished';
    }
  }
  if (record.kind === 'restore') {
    await takeBack(cluster, record.id, plan);
  }
  return 'undone';
}

/** The PATCH was refused, or nobody knows: look before anything is taken back. */
async function giveUp(cluster: Cluster, home: Home, operation: string, made: Pick<Plan, 'to' | 'safety'>): Promise<void> {
  const now = await fence(cluster, nameOf(home.deployment), operation);
  if (claimNameOf(now, home.volume) !== made.to) {
    await takeBack(cluster, operation, made);
  }
}

/**
 * Remove what a restore made that was not committed, each only if this operation made it.
 * @returns what could not be removed, a sentence
 */
async function takeBack(
  cluster: Cluster,
  operation: string,
  { to, safety }: Pick<Plan, 'to' | 'safety'>
): Promise<string | null> {
  const mine = async (kind: 'Job' | 'PersistentVolumeClaim' | 'VolumeSnapshot', name: string) => {
    const found = await cluster.find(kind, name);
    if (found?.metadata?.labels?.[key('operation')] === operation) {
      await cluster.remove(kind, name, uidOf(found));
    }
  };
  try {
    await mine('Job', verifyName(operation));
    await mine('PersistentVolumeClaim', to);
    await mine('VolumeSnapshot', safety);
    return null;
  } catch (thrown) {
    return `Claim ${to}, made for it, may be left (${VeilError.from(thrown).message})`;
  }
}

/** Say on both claims which one the workspace uses; a Role without the right to do that loses nothing but the note. */
async function supersede(cluster: Cluster, old: string, now: string): Promise<void> {
  const at = new Date().toISOString();
  const note = (name: string, value: string | null) =>
    cluster
      .patch('PersistentVolumeClaim', name, {
        metadata: { annotations: { [key('superseded-by')]: value, [key('superseded-at')]: value && at } }
      })
      .catch(() => undefined);
  await note(old, now);
  await note(now, null);
}

/** The canonical name and a suffix that no other restore has. */
function restoredName({ claim }: Home, operation: string): string {
  const [date, time, , random] = operation.split('-');
  return `${nameOf(claim).replace(/-r\d{14}-[0-9a-f]{6}$/, '')}-r${date}${time}-${random}`;
}
