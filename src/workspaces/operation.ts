import { type OperationKind, type OperationProgress, type OperationRecord } from '../protocol';

/** Work that takes long: watched, cancelled, and known to the next process by its record. */
export interface Operation<T> {
  readonly id: string;
  readonly kind: OperationKind;
  /** As it was last written; `state` says how it ended. */
  readonly record: OperationRecord;
  /**
   * Settles when it is over: a VeilError `cancelled` after a cancel. On Kubernetes a restore may end this process
   * first; the next one finds it by its record.
   */
  readonly result: Promise<T>;
  /** @returns a function that ends the listening */
  onProgress(listener: (progress: OperationProgress) => void): () => void;
  /**
   * Ask it to stop and leave everything as it was.
   * @returns false when it is over or can no longer be stopped: it then finishes
   */
  cancel(): boolean;
}
