import { unlink } from 'node:fs/promises';
import { type OperationPhase, type OperationRecord, type RecoveredOperation, type VeilError } from '../../protocol';
import { type Ledger } from '../run';
import { writeWhole } from './disk';
import { fileError } from './failures';
import { lock } from './lock';
import { recoverAll } from './recover';
import { type Store } from './store';

/** Phases in which something lies in the workspace that the next life must know of, also after a power cut. */
const DURABLE: readonly OperationPhase[] = ['copying', 'committing'];

/** Records are files beside the snapshots; the lock is flock(2). */
export class LocalLedger implements Ledger {
  constructor(
    readonly store: Store,
    private readonly waitSeconds: number
  ) {}

  get workspace(): string {
    return this.store.id;
  }

  async lock(): Promise<(() => Promise<void>) | null> {
    await this.store.make();
    return lock(this.store.lockFile, this.waitSeconds);
  }

  recover(): Promise<RecoveredOperation[]> {
    return recoverAll(this.store);
  }

  write(record: OperationRecord): Promise<void> {
    return writeWhole(this.store.operation(record.id), JSON.stringify(record, null, 2), DURABLE.includes(record.phase));
  }

  records(): Promise<OperationRecord[]> {
    return this.store.operations();
  }

  async forget({ id }: OperationRecord): Promise<void> {
    await unlink(this.store.operation(id)).catch(() => undefined);
  }

  explain(thrown: unknown, undone: string): VeilError {
    return fileError(thrown, undone);
  }
}
