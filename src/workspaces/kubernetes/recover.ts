import { VeilError, type OperationRecord, type RecoveredOperation } from '../../protocol';
import { recoverClone } from './clone';
import { recoverDeletion } from './delete-workspace';
import { recoverFiles } from './files';
import { type ClusterLedger } from './ledger';
import { key } from './names';
import { recoverRestore } from './restore';

const ENDED = new VeilError(
  'worker_died',
  'The process was ended in the middle. What it had begun was taken back.',
  'Start it again.'
);

/** Finish or undo what a crash left. The caller holds the workspace's Lease, so nobody who is alive runs any of it. */
export async function recoverAll(ledger: ClusterLedger): Promise<RecoveredOperation[]> {
  const done: RecoveredOperation[] = [];
  for (const record of (await ledger.records()).filter(({ state }) => state === 'running').reverse()) {
    const outcome = await recoverOne(ledger, record);
    if (outcome === null) {
      continue;
    }
    const ended =
      outcome === 'finished'
        ? { state: 'done' as const, phase: 'finished' as const }
        : { state: 'failed' as const, error: ENDED.toBody().error };
    await ledger.write({ ...record, ...ended, updated: new Date().toISOString() });
    done.push({ id: record.id, kind: record.kind, outcome });
  }
  return done;
}

/** @returns null where the cluster is still at work on it */
async function recoverOne(ledger: ClusterLedger, record: OperationRecord): Promise<RecoveredOperation['outcome'] | null> {
  const { cluster } = ledger;
  switch (record.kind) {
    case 'snapshot': {
      const made = await cluster.list('VolumeSnapshot', { labels: `${key('operation')}=${record.id}` });
      return made.length > 0 ? 'finished' : 'undone';
    }
    case 'delete_snapshot': {
      const left = record.snapshot === null ? null : await cluster.find('VolumeSnapshot', record.snapshot);
      return left && !left.metadata?.deletionTimestamp ? 'undone' : 'finished';
    }
    case 'retain':
      return 'undone';
    case 'restore':
      return recoverRestore(ledger, record);
    case 'undo':
      // Of files, or of the whole volume.
      return (await ledger.planOf<{ claim?: string }>(record.id))?.claim
        ? recoverFiles(ledger, record)
        : recoverRestore(ledger, record);
    case 'restore_files':
      return recoverFiles(ledger, record);
    case 'clone':
      return recoverClone(ledger, record);
    case 'delete_workspace':
      return recoverDeletion(ledger, record);
  }
}
