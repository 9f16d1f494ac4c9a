import { existsSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { VeilError, type OperationRecord, type RecoveredOperation } from '../../protocol';
import { recoverClone } from './clone';
import { finishDeletion } from './delete-workspace';
import { writeWhole } from './disk';
import { Folder } from './folder';
import { removeTree } from './remove';
import { recoverRestore } from './restore';
import { names, type Store } from './store';

const ENDED = new VeilError(
  'worker_died',
  'The process was ended in the middle. What it had begun was taken back.',
  'Start it again.'
);

/** Whether a crash may have left something: then `recoverAll` has work, once the lock is held. */
export async function needsRecovery(store: Store): Promise<boolean> {
  const left = (await names(store.folder)).some(isLeft);
  return left || (await store.operations()).some(({ state }) => state === 'running');
}

const isLeft = (name: string): boolean => /^\.(new|gone)-/.test(name);

/** Finish or undo what a crash left. The caller holds the workspace's lock, so nobody who is alive runs any of it. */
export async function recoverAll(store: Store): Promise<RecoveredOperation[]> {
  const done: RecoveredOperation[] = [];
  for (const record of (await store.operations()).filter(({ state }) => state === 'running').reverse()) {
    const outcome = await recoverOne(store, record);
    if (outcome !== null) {
      const ended =
        outcome === 'finished' ? { state: 'done' as const } : { state: 'failed' as const, error: ENDED.toBody().error };
      await writeWhole(
        store.operation(record.id),
        JSON.stringify({ ...record, ...ended, updated: new Date().toISOString() }, null, 2)
      );
      done.push({ id: record.id, kind: record.kind, outcome });
    }
  }
  const folder = await Folder.open(store.folder);
  try {
    for (const name of (await names(store.folder)).filter(isLeft)) {
      await removeTree(folder, name);
    }
  } finally {
    await folder.close();
  }
  for (const name of (await names(join(store.folder, 'operations'))).filter(one => one.endsWith('.new'))) {
    await unlink(join(store.folder, 'operations', name)).catch(() => undefined);
  }
  return done;
}

/** @returns null where it has to wait: the workspace itself is not there */
async function recoverOne(store: Store, record: OperationRecord): Promise<RecoveredOperation['outcome'] | null> {
  switch (record.kind) {
    case 'snapshot':
      return record.snapshot && existsSync(store.snapshot(record.snapshot)) ? 'finished' : 'undone';
    case 'delete_snapshot':
      return record.snapshot && existsSync(store.snapshot(record.snapshot)) ? 'undone' : 'finished';
    case 'retain':
      return 'undone';
    case 'restore':
    case 'restore_files':
    case 'undo':
      return existsSync(store.dir) ? recoverRestore(store, record) : null;
    case 'clone':
      return recoverClone(store, record);
    case 'delete_workspace':
      return finishDeletion(store, record.id);
  }
}
