import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type {
  BatchJob,
  BatchLog,
  BatchRequest,
  BatchSubmitted,
  BatchView,
  Defaults,
  DeleteWorkspaceRequest,
  ErrorBody,
  HoldingList,
  InspectedTail,
  KnownTail,
  PanelLearnRequest,
  PanelStatus,
  PanelWorkspace,
  Receipt,
  RetentionPolicy,
  SnapshotFolder,
  SnapshotRequest,
  TailList,
  Workspace,
  WorkspaceOperation
} from '../protocol';
import type { KnownLedger } from './model/ledger';

/** What went wrong and what to do about it. */
export type Failure = ErrorBody['error'];

/** What is known of the sidecar. */
export type SidecarState = { state: 'unknown' } | PanelStatus;

/** Why the last question got no answer: nobody there, or not allowed to ask. */
export interface Outage {
  kind: 'offline' | 'forbidden';
  failure: Failure;
}

/** What a person asked for and the sidecar has not finished yet. */
export type Operation = 'start' | 'restart' | 'stop';

/** How soon a watcher wants to hear what events do not tell: a panel `live`, a status item `seldom`. */
export type Pace = 'live' | 'seldom';

/** The sidecar as the panel, the status item and the commands see it. It asks nothing while nobody watches. */
export interface ISidecarModel extends IDisposable {
  /** What was last known; kept while there is an outage. */
  readonly current: SidecarState;
  /** Null while the server answers. */
  readonly outage: Outage | null;
  /** When the server last answered; null before it ever did. */
  readonly asOf: Date | null;
  readonly operation: Operation | null;
  readonly changed: ISignal<ISidecarModel, void>;

  /** Keep the model up to date until the returned object is disposed. */
  watch(pace: Pace): IDisposable;
  /** Ask now. Never rejects: what came of it is in `current` and `outage`. */
  refresh(): Promise<void>;
  /** Start, restart or stop. Rejects with a RequestError; also when the sidecar has failed to come up. */
  run(operation: Operation): Promise<void>;
  /** Set ALPHA and device of runs that name none. Rejects with a RequestError; then the old ones are back. */
  setDefaults(defaults: Defaults): Promise<void>;
  /** Start a learning pass, or go on with one that was stopped. Rejects with a RequestError; then none was started. */
  learn(request: PanelLearnRequest): Promise<void>;
  /** Ask the running pass to stop. Rejects with a RequestError. */
  stopLearning(): Promise<void>;
  /** The last lines of the log, oldest first. Rejects with a RequestError. */
  readLog(lines: number): Promise<string[]>;
}

/** What is known of the workspace: `stopped` while there is no sidecar to ask, `broken` when it says why it cannot tell. */
export type WorkspaceState =
  { state: 'unknown' } | { state: 'stopped' } | { state: 'broken'; failure: Failure } | { state: 'known'; view: PanelWorkspace };

/** What a person asks for that takes its time; `to` is the name of the clone's folder, beside this workspace. */
export type WorkspaceAction =
  | { kind: 'snapshot'; request: SnapshotRequest }
  | { kind: 'restore'; snapshot: string }
  | { kind: 'restore_files'; snapshot: string; paths: string[] }
  | { kind: 'undo' }
  | { kind: 'clone'; snapshot: string; to: string }
  | { kind: 'clone_other'; workspace: string; to: string }
  | { kind: 'delete_snapshot'; snapshot: string }
  | { kind: 'delete_other'; request: Omit<DeleteWorkspaceRequest, 'force'> }
  | { kind: 'retain'; policy: RetentionPolicy; dryRun: boolean };

/** One snapshot and which of some paths it holds. */
export type Holding = HoldingList['holdings'][number];

/** The root folder of the server and its snapshots. It asks nothing while nobody watches and nothing is under way. */
export interface IWorkspaceModel extends IDisposable {
  /** What was last known; kept while there is an outage. */
  readonly current: WorkspaceState;
  /** Null while the server answers. */
  readonly outage: Outage | null;
  /** When the server last answered; null before it ever did. */
  readonly asOf: Date | null;
  /** What runs now; null when nothing does. */
  readonly running: WorkspaceOperation | null;
  /** A request that has not been answered yet. */
  readonly asking: boolean;
  readonly changed: ISignal<IWorkspaceModel, void>;

  /** Keep the model up to date until the returned object is disposed. */
  watch(pace: Pace): IDisposable;
  /** Ask now. Never rejects: what came of it is in `current` and `outage`. */
  refresh(): Promise<void>;
  /** Begin, and resolve when it is done. Rejects with a RequestError, also when it failed or was cancelled. */
  perform(action: WorkspaceAction): Promise<WorkspaceOperation>;
  /** Which snapshots hold any of these paths, newest first. Rejects with a RequestError. */
  holdings(paths: string[]): Promise<Holding[]>;
  /** What lies in a folder of a snapshot; '' for all of it. Rejects with a RequestError. */
  folder(snapshot: string, path: string): Promise<SnapshotFolder>;
  /** The other workspaces that are known. Rejects with a RequestError. */
  others(): Promise<Workspace[]>;
  /** Keep a snapshot until it is unpinned. Rejects with a RequestError. */
  pin(snapshot: string, pinned: boolean): Promise<void>;
  /** Stop what runs. Rejects with a RequestError, also when it can no longer be stopped. */
  cancel(): Promise<void>;
}

/**
 * What is known of the Jobs on Kubernetes: `stopped` while there is no sidecar to ask, `absent` where there is no cluster or it does
 * not answer, `broken` when the cluster says anything else but what its Jobs are.
 */
export type JobsState =
  | { state: 'unknown' }
  | { state: 'stopped' }
  | { state: 'absent'; failure: Failure }
  | { state: 'broken'; failure: Failure }
  | { state: 'known'; namespace: string; jobs: BatchJob[] };

/** A Job that was not made, and why. */
export interface RefusedJob {
  request: BatchRequest;
  failure: Failure;
}

/** Evaluations and sweeps on Kubernetes. It asks nothing while nobody watches. */
export interface IJobsModel extends IDisposable {
  /** What was last known; kept while there is an outage. */
  readonly current: JobsState;
  /** Null while the server answers, and the cluster behind it. */
  readonly outage: Outage | null;
  /** When the cluster last answered; null before it ever did. */
  readonly asOf: Date | null;
  /** The last Job that was not made, until another one is made or somebody has seen it. */
  readonly refused: RefusedJob | null;
  /** A Job is being submitted or removed. */
  readonly asking: boolean;
  readonly changed: ISignal<IJobsModel, void>;

  /** Keep the model up to date until the returned object is disposed. */
  watch(pace: Pace): IDisposable;
  /** Keep up with one Job too, of which `view` tells more then. */
  follow(name: string): IDisposable;
  /** The Job with what it found; null while nobody asked for it. */
  view(name: string): BatchView | null;
  /** Ask now. Never rejects: what came of it is in `current` and `outage`. */
  refresh(): Promise<void>;
  /** Rejects with a RequestError, of which `refused` tells too. */
  submit(request: BatchRequest): Promise<BatchSubmitted>;
  /** What is in `refused` was seen. */
  dismiss(): void;
  /** Remove a Job with its pods; resolves with what a person should know. Rejects with a RequestError. */
  remove(name: string): Promise<string[]>;
  /** What its pods have printed last. Rejects with a RequestError. */
  logs(name: string): Promise<BatchLog['pods']>;
}

/** What is known of model servers: `stopped` while there is no sidecar to ask, `broken` when it says why it cannot tell. */
export type ServersState =
  { state: 'unknown' } | { state: 'stopped' } | { state: 'broken'; failure: Failure } | { state: 'known'; list: TailList };

/** A model of a server that is known, or that a person added. */
export type ListedTail = KnownTail & { added: boolean };

/** What came of asking a server; `broken` where it could not even be asked. */
export type TailLook = InspectedTail | { state: 'broken'; failure: Failure };

/** Model servers that a tail could run on, and the ledger of what left for them. It asks nothing while nobody watches. */
export interface IServersModel extends IDisposable {
  /** What was last known; kept while there is an outage. */
  readonly current: ServersState;
  /** Null while the server answers. */
  readonly outage: Outage | null;
  /** When the server last answered; null before it ever did. */
  readonly asOf: Date | null;
  readonly tails: readonly ListedTail[];
  /** Null before it was read. */
  readonly ledger: KnownLedger | null;
  /** All of the ledger is being looked through. */
  readonly verifying: boolean;
  /** There are earlier departures to be shown. */
  readonly hasMore: boolean;
  readonly changed: ISignal<IServersModel, void>;

  /** Keep the model up to date until the returned object is disposed. */
  watch(pace: Pace): IDisposable;
  /** What was last heard of this one; null while nobody asked. */
  look(url: string): TailLook | null;
  /** Ask now. Never rejects: what came of it is in `current` and `outage`. */
  refresh(): Promise<void>;
  /** List this address too, and keep it. Rejects when it cannot be kept. */
  add(url: string): Promise<void>;
  /** Forget an address that was added. */
  remove(url: string): Promise<void>;
  /** Look through all of the ledger. Rejects with a RequestError. */
  verify(): Promise<void>;
  /** Show earlier departures. Rejects with a RequestError. */
  more(): Promise<void>;
  /** The receipt of a departure. Rejects with a RequestError. */
  receipt(entry: number): Promise<Receipt>;
}

export const IServersModel = new Token<IServersModel>('veilbook:IServersModel', 'Model servers, and the ledger of what left.');

export const IJobsModel = new Token<IJobsModel>('veilbook:IJobsModel', 'Evaluations and sweeps on Kubernetes.');

export const IWorkspaceModel = new Token<IWorkspaceModel>('veilbook:IWorkspaceModel', 'The workspace and its snapshots.');

export const ISidecarModel = new Token<ISidecarModel>('veilbook:ISidecarModel', 'The state of the Veilbook sidecar.');
