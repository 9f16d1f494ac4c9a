import {
  type CloneRequest,
  type DeleteWorkspaceRequest,
  type OperationRecord,
  type RecoveredOperation,
  type RestoreReport,
  type RetentionPolicy,
  type RetentionReport,
  type Snapshot,
  type SnapshotRequest,
  type Workspace,
  type WorkspaceCapabilities,
  type WorkspaceProviderKind
} from '../protocol';
import { type Operation } from './operation';

/**
 * One workspace and its snapshots, wherever they are. Quick questions are promises; whatever takes long is an
 * `Operation`, recorded where it survives this process. Everything rejects with a VeilError.
 */
export interface WorkspaceProvider {
  readonly kind: WorkspaceProviderKind;

  describe(): Promise<Workspace>;
  capabilities(): Promise<WorkspaceCapabilities>;

  /** Newest first. Those that are not ready yet, or never will be, are among them with their state. */
  listSnapshots(): Promise<Snapshot[]>;
  /** Every workspace that this provider knows of, this one among them. */
  listWorkspaces(): Promise<Workspace[]>;
  /** Newest first; running, and the last that ended. */
  listOperations(): Promise<OperationRecord[]>;

  /** A pinned snapshot is removed by nobody until it is unpinned. */
  pin(snapshot: string, pinned: boolean): Promise<Snapshot>;

  takeSnapshot(request: SnapshotRequest): Operation<Snapshot>;
  deleteSnapshot(snapshot: string): Operation<void>;

  /** Make the workspace what it was; a safety snapshot is taken first. */
  restore(snapshot: string): Operation<RestoreReport>;
  /** Bring back these files and folders; what else lies in a folder stays. A safety snapshot of them is taken first. */
  restoreFiles(snapshot: string, paths: readonly string[]): Operation<RestoreReport>;
  /** Make what the last restore changed what it was before. */
  undoRestore(): Operation<RestoreReport>;

  clone(request: CloneRequest): Operation<Workspace>;
  deleteWorkspace(request: DeleteWorkspaceRequest): Operation<void>;

  /** What the policy would remove, by `dryRun` without removing it. */
  retain(policy: RetentionPolicy, dryRun?: boolean): Operation<RetentionReport>;

  /**
   * Finish or undo what a crash left. Operations do it before they begin; whoever opens a provider does it too.
   * @returns what was done; nothing while somebody alive is at work on the workspace
   */
  recover(): Promise<RecoveredOperation[]>;
}
