import { Type, type Static } from '@sinclair/typebox';
import { ErrorBody } from './errors';

/** One of several words. */
const oneOf = <T extends string>(words: readonly T[], description?: string) =>
  Type.Unsafe<T>(
    Type.Union(
      words.map(word => Type.Literal(word)),
      description ? { description } : {}
    )
  );
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description?: string) =>
  Type.Union([schema, Type.Null()], description ? { description } : {});
const Time = Type.String({ format: 'date-time' });

export const WorkspaceProviderKind = oneOf(['local', 'kubernetes'] as const);
export type WorkspaceProviderKind = Static<typeof WorkspaceProviderKind>;

/** What a snapshot does not hold, or a restore did not touch, and why. */
export const LeftOut = Type.Object(
  {
    path: Type.String({ description: 'relative to the workspace; bytes that are no UTF-8 are shown as U+FFFD' }),
    reason: oneOf(
      [
        'socket',
        'fifo',
        'device',
        'unreadable',
        'changing',
        'other_file_system',
        'snapshots',
        'blocked',
        'changed_since'
      ] as const,
      'changing: it is held, but was written to while it was copied; snapshots: where snapshots themselves lie; ' +
        'blocked: no right to change it, or something that is not in the safety snapshot lies there; ' +
        'changed_since: it changed after the safety snapshot and was left as it is'
    )
  },
  { title: 'LeftOut' }
);
export type LeftOut = Static<typeof LeftOut>;

export const SNAPSHOT_STATES = ['creating', 'ready', 'failed', 'deleting'] as const;

/** One snapshot of a workspace, with why it was taken. */
export const Snapshot = Type.Object(
  {
    id: Type.String({ description: 'sorts by time; two of one second differ' }),
    workspace: Type.String(),
    label: Type.String(),
    kind: oneOf(['user', 'safety', 'clone'] as const, 'safety: taken before a restore; clone: the start of a clone'),
    created: Time,
    state: oneOf(SNAPSHOT_STATES),
    error: Nullable(Type.String(), 'why it is not ready, as far as known'),
    pinned: Type.Boolean(),
    parent: Nullable(Type.String(), 'the snapshot that was the newest then'),
    git: Nullable(Type.Object({ commit: Type.String(), branch: Nullable(Type.String()), dirty: Type.Boolean() })),
    notebook: Nullable(Type.Object({ path: Type.String(), sha256: Nullable(Type.String()) })),
    run: Nullable(Type.String(), 'id of the run that asked for it'),
    saved_documents: Nullable(Type.Boolean(), 'open documents were saved before; null where nobody said'),
    files: Nullable(Type.Integer(), 'files and symbolic links; null where unknown'),
    bytes: Nullable(Type.Integer(), 'sum of file sizes; null where unknown'),
    copied_bytes: Nullable(Type.Integer(), 'data that was copied and neither shared by the file system nor with the parent'),
    method: oneOf(['reflink', 'hardlink', 'copy', 'csi'] as const),
    paths: Nullable(Type.Array(Type.String()), 'a safety snapshot of these paths alone; null: everything'),
    left_out: Type.Array(LeftOut, { description: 'the first 1000' }),
    left_out_total: Type.Integer(),
    tree: Nullable(Type.String(), 'folder to browse, read only; null where there is none')
  },
  { title: 'Snapshot' }
);
export type Snapshot = Static<typeof Snapshot>;

export const OPERATION_KINDS = [
  'snapshot',
  'delete_snapshot',
  'restore',
  'restore_files',
  'undo',
  'clone',
  'delete_workspace',
  'retain'
] as const;
export const OperationKind = oneOf(OPERATION_KINDS);
export type OperationKind = Static<typeof OperationKind>;

/** The phases of operations; the local provider runs them in this order. */
export const OPERATION_PHASES = [
  'waiting',
  'reading',
  'safety',
  'copying',
  'verifying',
  'flushing',
  'committing',
  'removing',
  'finished'
] as const;
export const OperationPhase = oneOf(OPERATION_PHASES);
export type OperationPhase = Static<typeof OperationPhase>;

export const OperationProgress = Type.Object(
  {
    operation: Type.String(),
    kind: OperationKind,
    phase: OperationPhase,
    done: Nullable(Type.Number(), 'share of this phase, 0…1; null where nobody knows'),
    files: Type.Integer(),
    files_total: Nullable(Type.Integer()),
    bytes: Type.Integer(),
    bytes_total: Nullable(Type.Integer()),
    reason: Nullable(Type.String(), 'what it waits for: an event, a quota, somebody else')
  },
  { title: 'OperationProgress' }
);
export type OperationProgress = Static<typeof OperationProgress>;

/** What survives the process that started an operation. */
export const OperationRecord = Type.Object(
  {
    schema: Type.Literal(1),
    id: Type.String(),
    kind: OperationKind,
    workspace: Type.String(),
    state: oneOf(
      ['running', 'done', 'failed', 'cancelled'] as const,
      'running and nobody alive who runs it: the next to open the workspace finishes or undoes it'
    ),
    phase: OperationPhase,
    started: Time,
    updated: Time,
    host: Type.String(),
    pid: Type.Integer(),
    snapshot: Nullable(Type.String(), 'what is taken, restored or deleted'),
    safety: Nullable(Type.String(), 'the snapshot taken before a restore'),
    target: Nullable(Type.String(), 'folder or claim of a clone or a deleted workspace'),
    paths: Nullable(Type.Array(Type.String()), 'of restore_files'),
    progress: Nullable(OperationProgress),
    error: Nullable(ErrorBody.properties.error)
  },
  { title: 'OperationRecord' }
);
export type OperationRecord = Static<typeof OperationRecord>;

/** What the last restore was, and whether it can be taken back. */
export const LastRestore = Type.Object(
  {
    operation: Type.String(),
    snapshot: Type.String(),
    safety: Type.String(),
    at: Time,
    paths: Nullable(Type.Array(Type.String()), 'only these were restored'),
    undone: Type.Boolean()
  },
  { title: 'LastRestore' }
);
export type LastRestore = Static<typeof LastRestore>;

export const Workspace = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    provider: WorkspaceProviderKind,
    location: Type.String({ description: 'a folder, or namespace/claim' }),
    url: Type.Optional(Type.String({ description: 'where a browser opens it, as far as known' })),
    state: oneOf(['present', 'missing'] as const, 'missing: its snapshots are there, the workspace itself is not'),
    made_here: Type.Boolean({ description: 'a clone that Veilbook made, and so may delete' }),
    clone_of: Nullable(Type.Object({ workspace: Type.String(), snapshot: Type.String() })),
    snapshots: Type.Integer(),
    newest_snapshot: Nullable(Type.String()),
    last_restore: Nullable(LastRestore),
    running: Nullable(OperationRecord)
  },
  { title: 'Workspace' }
);
export type Workspace = Static<typeof Workspace>;

const Allowed = Type.Object({
  allowed: Type.Boolean(),
  reason: Nullable(Type.String(), 'why not, naming the missing verb or file'),
  remedy: Nullable(Type.String())
});

export const WorkspaceCapabilities = Type.Object(
  {
    provider: WorkspaceProviderKind,
    actions: Type.Object({
      snapshot: Allowed,
      restore: Allowed,
      restore_files: Allowed,
      undo: Allowed,
      clone: Allowed,
      delete_snapshot: Allowed,
      delete_workspace: Allowed
    }),
    method: oneOf(['reflink', 'hardlink', 'copy', 'csi'] as const, 'how the next snapshot shares unchanged data'),
    browse: Type.Boolean({ description: 'snapshots are folders that can be looked into' }),
    restore_restarts: Type.Boolean({ description: 'a restore ends the process that asked for it' }),
    free_bytes: Nullable(Type.Integer(), 'left where snapshots go; null where unknown')
  },
  { title: 'WorkspaceCapabilities' }
);
export type WorkspaceCapabilities = Static<typeof WorkspaceCapabilities>;

export const SnapshotRequest = Type.Object(
  {
    label: Type.Optional(Type.String({ maxLength: 200 })),
    notebook: Type.Optional(Type.String({ description: 'relative to the workspace' })),
    run: Type.Optional(Type.String()),
    saved_documents: Type.Optional(Type.Boolean()),
    pinned: Type.Optional(Type.Boolean())
  },
  { title: 'SnapshotRequest', additionalProperties: false }
);
export type SnapshotRequest = Static<typeof SnapshotRequest>;

/** Of files; null where a whole volume was exchanged for another. */
const Count = Nullable(Type.Integer());

export const RestoreReport = Type.Object(
  {
    operation: Type.String(),
    snapshot: Type.String(),
    safety: Type.String({ description: "'': an undo on Kubernetes could not take one, and notes say where the data are" }),
    created: Count,
    replaced: Count,
    removed: Count,
    adjusted: Nullable(Type.Integer(), 'same content, other mode or time'),
    unchanged: Count,
    bytes: Count,
    left_out: Type.Array(LeftOut, { description: 'the first 1000' }),
    left_out_total: Type.Integer(),
    notes: Type.Optional(Type.Array(Type.String(), { description: 'what a person should know, a sentence each' }))
  },
  { title: 'RestoreReport' }
);
export type RestoreReport = Static<typeof RestoreReport>;

export const CloneRequest = Type.Object(
  {
    to: Type.String({ description: 'a folder that is not there or empty; on Kubernetes a name' }),
    snapshot: Type.Optional(Type.String({ description: 'default: one that is taken now' })),
    resources: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'on Kubernetes: amounts in place of the source’s, by resource' })
    ),
    load_balancer: Type.Optional(Type.Boolean({ description: 'on Kubernetes: a Service of type LoadBalancer' }))
  },
  { title: 'CloneRequest', additionalProperties: false }
);
export type CloneRequest = Static<typeof CloneRequest>;

export const DeleteWorkspaceRequest = Type.Object(
  {
    workspace: Type.String({ description: 'id' }),
    confirm: Type.String({ description: 'its name, as the person typed it' }),
    snapshots: Type.Optional(Type.Boolean({ description: 'its snapshots too' })),
    force: Type.Optional(Type.Boolean({ description: 'also one that Veilbook did not make' }))
  },
  { title: 'DeleteWorkspaceRequest', additionalProperties: false }
);
export type DeleteWorkspaceRequest = Static<typeof DeleteWorkspaceRequest>;

/** A snapshot stays when any rule that is given keeps it; the last ready, a pinned and an in-use one stay always. */
export const RetentionPolicy = Type.Object(
  {
    keep_last: Type.Optional(Type.Integer({ minimum: 1 })),
    max_age_days: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    keep_daily: Type.Optional(Type.Integer({ minimum: 1, description: 'the newest of each of so many days (UTC)' }))
  },
  { title: 'RetentionPolicy', additionalProperties: false }
);
export type RetentionPolicy = Static<typeof RetentionPolicy>;

export const RetentionReport = Type.Object(
  {
    removed: Type.Array(Type.String()),
    kept: Type.Array(
      Type.Object({ id: Type.String(), why: oneOf(['last', 'pinned', 'in_use', 'not_ready', 'count', 'age', 'daily'] as const) })
    )
  },
  { title: 'RetentionReport' }
);
export type RetentionReport = Static<typeof RetentionReport>;

/** What `recover` did with each operation that a crash had left. */
export const RecoveredOperation = Type.Object(
  { id: Type.String(), kind: OperationKind, outcome: oneOf(['finished', 'undone'] as const) },
  { title: 'RecoveredOperation' }
);
export type RecoveredOperation = Static<typeof RecoveredOperation>;

/** What came of an operation that is done, by its kind; of a deletion there is nothing. */
export const OperationResult = Type.Object(
  {
    snapshot: Type.Optional(Snapshot),
    restored: Type.Optional(RestoreReport),
    made: Type.Optional(Workspace),
    retained: Type.Optional(RetentionReport)
  },
  { title: 'OperationResult' }
);
export type OperationResult = Static<typeof OperationResult>;

/** An operation as it is watched from another process. */
export const WorkspaceOperation = Type.Object(
  {
    record: OperationRecord,
    result: Nullable(OperationResult, 'in state done, while the process that ran it remembers')
  },
  { title: 'WorkspaceOperation' }
);
export type WorkspaceOperation = Static<typeof WorkspaceOperation>;

export const WorkspaceView = Type.Object(
  {
    workspace: Workspace,
    capabilities: WorkspaceCapabilities,
    operation: Nullable(WorkspaceOperation, 'the last one, running or over; null before the first')
  },
  { title: 'WorkspaceView' }
);
export type WorkspaceView = Static<typeof WorkspaceView>;

export const SnapshotList = Type.Object(
  { snapshots: Type.Array(Snapshot, { description: 'newest first' }) },
  { title: 'SnapshotList' }
);
export type SnapshotList = Static<typeof SnapshotList>;

const snapshotId = Type.String({ minLength: 1 });

export const RestoreRequest = Type.Object({ snapshot: snapshotId }, { title: 'RestoreRequest', additionalProperties: false });
export type RestoreRequest = Static<typeof RestoreRequest>;

export const RestoreFilesRequest = Type.Object(
  {
    snapshot: snapshotId,
    paths: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 1000, description: 'relative to the workspace' })
  },
  { title: 'RestoreFilesRequest', additionalProperties: false }
);
export type RestoreFilesRequest = Static<typeof RestoreFilesRequest>;

export const PinRequest = Type.Object({ pinned: Type.Boolean() }, { title: 'PinRequest', additionalProperties: false });
export type PinRequest = Static<typeof PinRequest>;

export const RetainRequest = Type.Composite(
  [RetentionPolicy, Type.Object({ dry_run: Type.Optional(Type.Boolean({ description: 'say only what would be removed' })) })],
  { title: 'RetainRequest', additionalProperties: false }
);
export type RetainRequest = Static<typeof RetainRequest>;
