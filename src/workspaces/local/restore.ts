import { existsSync } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { VeilError, type OperationRecord, type RestoreReport, type Snapshot } from '../../protocol';
import { commit, type Committed } from './commit';
import { setTime } from './copy';
import { syncPath, writeWhole } from './disk';
import { Folder } from './folder';
import { amendSafety } from './late';
import { joined, shown, type Rel } from './paths';
import { packPlan, planOf, unpackPlan, type Plan } from './plan';
import { removeTree } from './remove';
import { type Run } from '../run';
import { Scope } from './scope';
import { removeSnapshot, take } from './snapshot';
import { stage, stagingName } from './stage';
import { step } from '../step';
import { type Store } from './store';

const SHOWN = 1000;

export interface Restoring {
  snapshot: string;
  scope: Scope;
  /** Remove what the snapshot does not have. */
  exact: boolean;
  /** The operation that this one takes back. */
  undoes: string | null;
}

/**
 * Make the workspace, or a part of it, what a snapshot says: safety snapshot, plan, staged copies; then, from the commit
 * on, renames alone. Killed before the commit the workspace is as it was; killed after it the next life finishes.
 */
export async function restore(store: Store, run: Run, asked: Restoring): Promise<RestoreReport> {
  const snapshot = await store.requireSnapshot(asked.snapshot);
  requireReady(snapshot);
  const target = await store.index(snapshot.id);
  const scope = asked.scope.whole && target.scope ? new Scope(target.scope) : asked.scope;
  requireHeld(target.entries, asked, scope);
  const live = await Folder.open(store.dir);
  const tree = await Folder.open(store.tree(snapshot.id));
  let taken: string | null = null;
  try {
    await run.phase('safety');
    const label = `before ${asked.undoes ? 'the undo' : 'the restore'} of ${snapshot.label || snapshot.id}`.slice(0, 200);
    const safety = await take(store, run, { kind: 'safety', label, scope: await reachOf(scope, live) });
    taken = safety.snapshot.id;
    await run.phase('verifying', { safety: safety.snapshot.id });
    const sides = { target, live: safety.index, liveTree: live, targetTree: tree };
    const plan = await planOf({ ...sides, scope, exact: asked.exact, signal: run.signal });
    await writeWhole(store.plan(run.id), await packPlan(plan, safety.snapshot.id));
    await run.phase('copying');
    await stage(live, store.dir, tree, plan, run);
    await run.commit('committing');
    run.progress({ files: 0, files_total: plan.removeFiles.length + plan.place.length + plan.adjust.length });
    const committed = await finish(store, run.id, run, { plan, safety: safety.snapshot.id }, live, tree);
    await remember(store, run.id, snapshot.id, safety.snapshot.id, { scope, undoes: asked.undoes });
    await clear(store, run.id, live, 'after');
    return reportOf(run.id, snapshot.id, safety.snapshot.id, plan, committed);
  } catch (thrown) {
    if (!run.committed) {
      await takeBack(store, run.id, taken, live).catch(() => undefined);
    }
    throw thrown;
  } finally {
    await live.close();
    await tree.close();
  }
}

/** What restoring these paths may change: where the way to one is no folder, or not there, also that. */
async function reachOf(scope: Scope, live: Folder): Promise<Scope> {
  const reach: Rel[] = [];
  for (const path of scope.paths ?? []) {
    const names = path.split('/');
    let at = '';
    let folder: Folder | null = await live.child('.');
    while (folder && at !== path) {
      const name: Rel = names.shift()!;
      at = joined(at, name);
      const next: Folder | null = await folder.child(name).catch(() => null);
      await folder.close();
      folder = next;
    }
    await folder?.close();
    reach.push(at);
  }
  return scope.whole ? scope : new Scope(reach);
}

/** From the commit on: also what the next life does after a crash. */
async function finish(
  store: Store,
  operation: string,
  run: Pick<Run, 'progress'>,
  { plan, safety }: { plan: Plan; safety: string },
  live: Folder,
  tree: Folder
): Promise<Committed> {
  const staging = await live.child(stagingName(operation));
  try {
    const committed = await commit(plan, { live, staging, tree, dir: store.dir, progress: files => run.progress({ files }) });
    await amendSafety(store, safety, plan, staging);
    return committed;
  } finally {
    await staging.close();
  }
}

/** Finish what a crash left after the commit, or take it back before. */
export async function recoverRestore(store: Store, record: OperationRecord): Promise<'finished' | 'undone'> {
  const live = await Folder.open(store.dir);
  try {
    if (record.phase !== 'committing') {
      await takeBack(store, record.id, record.safety, live);
      return 'undone';
    }
    const left = await readFile(store.plan(record.id)).catch(() => null);
    const staged = await live.child(stagingName(record.id)).catch(() => null);
    await staged?.close();
    const about = await store.about();
    // Both go last, when the restore is done and known as the last one.
    if (left && staged && about?.last_restore?.operation !== record.id) {
      const tree = await Folder.open(store.tree(record.snapshot!));
      try {
        const { plan, safety } = await unpackPlan(left);
        await finish(store, record.id, { progress: () => undefined }, { plan, safety }, live, tree);
        const scope = new Scope((await store.index(safety)).scope);
        const undoes = record.kind === 'undo' ? (about?.last_restore?.operation ?? null) : null;
        await remember(store, record.id, record.snapshot!, safety, { scope, undoes });
      } finally {
        await tree.close();
      }
    }
    await clear(store, record.id, live, 'after');
    return 'finished';
  } finally {
    await live.close();
  }
}

async function remember(
  store: Store,
  operation: string,
  snapshot: string,
  safety: string,
  { scope, undoes }: { scope: Scope; undoes: string | null }
): Promise<void> {
  step('remember');
  const at = new Date().toISOString();
  const paths = scope.paths?.map(shown) ?? null;
  await store.remember({ last_restore: { operation, snapshot, safety, at, paths, undone: undoes !== null } });
}

/** Before the commit nothing was changed: the safety snapshot holds what the workspace is. */
async function takeBack(store: Store, operation: string, safety: string | null, live: Folder): Promise<void> {
  await clear(store, operation, live, 'before');
  if (safety && existsSync(store.snapshot(safety))) {
    await removeSnapshot(store, safety);
  }
}

/** Remove what the operation left beside the workspace's own files. The plan goes last: it knows the folder's time. */
async function clear(store: Store, operation: string, live: Folder, time: 'before' | 'after'): Promise<void> {
  const packed = await readFile(store.plan(operation)).catch(() => null);
  if (packed === null) {
    return;
  }
  const { plan } = await unpackPlan(packed);
  await removeTree(live, stagingName(operation));
  await setTime(live.at('.'), plan.root[time]);
  await syncPath(store.dir);
  step('unlink plan');
  await unlink(store.plan(operation));
}

function requireReady({ id, state, error }: Snapshot): void {
  if (state !== 'ready') {
    throw new VeilError(
      'bad_request',
      `Snapshot ${id} is not ready (${error ?? state}). Nothing was changed.`,
      'Use another one.'
    );
  }
}

function requireHeld(entries: readonly { path: Rel }[], asked: Restoring, scope: Scope): void {
  if (asked.exact || scope.paths === null) {
    return;
  }
  const held = new Set(entries.map(({ path }) => path));
  const missing = scope.paths.find(path => !held.has(path));
  if (missing !== undefined) {
    throw new VeilError(
      'not_found',
      `${shown(missing)} is not in snapshot ${asked.snapshot}. Nothing was changed.`,
      'See its tree.'
    );
  }
}

function reportOf(operation: string, snapshot: string, safety: string, plan: Plan, committed: Committed): RestoreReport {
  const { created, replaced, removed, adjusted } = committed;
  const all = [...plan.left, ...committed.left].filter(({ reason }) => reason !== 'snapshots');
  // A path that neither snapshot holds is in both lists.
  const left = [...new Map(all.map(one => [one.path, one])).values()];
  return {
    operation,
    snapshot,
    safety,
    created,
    replaced,
    removed,
    adjusted,
    unchanged: plan.unchanged,
    bytes: plan.place.reduce((sum, { entry }) => sum + entry.size, 0),
    left_out: left.slice(0, SHOWN).map(({ path, reason }) => ({ path: shown(path), reason })),
    left_out_total: left.length
  };
}
