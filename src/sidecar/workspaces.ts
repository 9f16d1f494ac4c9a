import { isAbsolute } from 'node:path';
import type { Logger } from 'pino';
import {
  VeilError,
  type DeleteWorkspaceRequest,
  type HoldingList,
  type OperationProgress,
  type OperationResult,
  type Snapshot,
  type SnapshotFolder,
  type Workspace,
  type WorkspaceOperation,
  type WorkspaceView
} from '../protocol';
import { openWorkspaceIn, type Operation, type WorkspaceProvider } from '../workspaces';
import type { EventBus } from './events';
import { openOther } from './other-workspace';
import { folderOf, holdings } from './snapshot-files';

/** At most four progress events a second; a new phase is told at once. */
const EVENT_MS = 250;
/** As many that are over are remembered with their results. */
const REMEMBERED = 50;

/** An operation that was begun here. */
interface Begun {
  readonly dir: string;
  readonly operation: Operation<unknown>;
  progress: OperationProgress | null;
  result: OperationResult | null;
  error: VeilError | null;
  over: boolean;
}

/** The workspaces that somebody asked for, by their folders, and the operations that were begun on them. */
export class Workspaces {
  private readonly opened = new Map<string, Promise<WorkspaceProvider>>();
  private readonly begun = new Map<string, Begun>();

  constructor(
    private readonly events: EventBus,
    private readonly log: Logger
  ) {}

  /** How many operations run. */
  get running(): number {
    return this.all().filter(({ over }) => !over).length;
  }

  /**
   * What the folder is, what can be done with it, and its last operation.
   * @throws VeilError `bad_request` for a path that is not absolute, `not_found` where there is no such folder
   */
  async view(dir: string): Promise<WorkspaceView> {
    const provider = await this.open(dir);
    if (!this.runningIn(dir)) {
      // What another process left when it was killed is finished before it is told of.
      await provider.recover();
    }
    const [workspace, capabilities, [last]] = await Promise.all([
      provider.describe(),
      provider.capabilities(),
      provider.listOperations()
    ]);
    // One that waits for its lock is not written down yet, and what was done to another workspace is written down there.
    const own = this.all().findLast(begun => begun.dir === dir);
    const document = own && documentOf(own);
    const newest = document && (!own.over || !last || document.record.started >= last.started) ? document : null;
    return { workspace, capabilities, operation: newest ?? (last ? { record: last, result: null } : null) };
  }

  async snapshots(dir: string): Promise<Snapshot[]> {
    return (await this.open(dir)).listSnapshots();
  }

  /** Which of the paths each snapshot holds. */
  async holdings(dir: string, paths: readonly string[]): Promise<HoldingList['holdings']> {
    return holdings(await this.snapshots(dir), paths);
  }

  /** @throws VeilError `not_found` where there is no such snapshot or folder in it */
  async folder(dir: string, snapshot: string, path: string): Promise<SnapshotFolder> {
    const found = (await this.snapshots(dir)).find(({ id }) => id === snapshot);
    if (!found) {
      throw new VeilError(
        'not_found',
        `There is no snapshot ${snapshot}. Nothing was listed.`,
        'See GET /v1/workspace/snapshots.'
      );
    }
    return folderOf(found, path);
  }

  /** Every workspace that is known where this one is, without this one. */
  async others(dir: string): Promise<Workspace[]> {
    const provider = await this.open(dir);
    const [own, all] = await Promise.all([provider.describe(), provider.listWorkspaces()]);
    return all.filter(({ id }) => id !== own.id);
  }

  /**
   * Remove another workspace than the one that is asked from.
   * @throws VeilError `bad_request` for that one
   */
  async removeOther(dir: string, request: DeleteWorkspaceRequest): Promise<WorkspaceOperation> {
    const { id, location } = await (await this.open(dir)).describe();
    if (request.workspace === id) {
      throw new VeilError('bad_request', `${location} is in use here. Nothing was removed.`, 'Remove it from another workspace.');
    }
    return this.begin(
      dir,
      provider => provider.deleteWorkspace(request),
      () => ({})
    );
  }

  async pin(dir: string, snapshot: string, pinned: boolean): Promise<Snapshot> {
    return (await this.open(dir)).pin(snapshot, pinned);
  }

  /**
   * Begin an operation and return at once; events tell how it goes on.
   * @param work begins it
   * @param told what of its result is told
   * @param other id of another workspace that it is done to, in place of the one in the folder
   * @throws VeilError `busy` while another one runs on the same folder
   */
  async begin<T>(
    dir: string,
    work: (provider: WorkspaceProvider) => Operation<T>,
    told: (result: T) => OperationResult,
    other?: string
  ): Promise<WorkspaceOperation> {
    const provider = other === undefined ? await this.open(dir) : await openOther(await this.open(dir), dir, other);
    const before = this.runningIn(dir);
    if (before) {
      throw new VeilError(
        'busy',
        `Operation ${before.operation.kind} is at work on this workspace. Nothing was done.`,
        'Try again when it is over, or cancel it.'
      );
    }
    const operation = work(provider);
    const begun: Begun = { dir, operation, progress: null, result: null, error: null, over: false };
    this.remember(begun);
    this.log.info({ operation: operation.id, kind: operation.kind, dir }, 'workspace operation began');
    this.follow(begun);
    const finish = (end: Partial<Begun>) => {
      Object.assign(begun, end, { over: true });
      const { state, error } = documentOf(begun).record;
      this.log.info({ operation: operation.id, state, why: error?.message }, 'workspace operation ended');
      this.publish(begun);
    };
    operation.result.then(
      result => finish({ result: told(result) }),
      thrown => finish({ error: VeilError.from(thrown) })
    );
    this.publish(begun);
    return documentOf(begun);
  }

  /** @throws VeilError `not_found` for one that was not begun here */
  operation(id: string): WorkspaceOperation {
    return documentOf(this.find(id));
  }

  /** @throws VeilError `not_found` for one that was not begun here, `bad_request` when it can no longer be stopped */
  cancel(id: string): WorkspaceOperation {
    const begun = this.find(id);
    if (!begun.operation.cancel()) {
      const why = begun.over ? `Operation ${id} is over` : `Operation ${id} can no longer be stopped and finishes now`;
      throw new VeilError('bad_request', `${why}. Nothing was cancelled.`, '');
    }
    return documentOf(begun);
  }

  /** Stop what can be stopped, wait for the rest. */
  async close(): Promise<void> {
    const all = this.all().filter(({ over }) => !over);
    all.forEach(({ operation }) => operation.cancel());
    await Promise.allSettled(all.map(({ operation }) => operation.result));
  }

  private open(dir: string): Promise<WorkspaceProvider> {
    if (!isAbsolute(dir)) {
      throw new VeilError(
        'bad_request',
        `${dir} is no absolute path, and the sidecar has another working directory. Nothing was done.`,
        'Give the whole path.'
      );
    }
    const known = this.opened.get(dir);
    if (known) {
      return known;
    }
    const opening = openWorkspaceIn(dir, done => this.log.info({ dir, done }, 'finished or undone what a crash had left'));
    this.opened.set(dir, opening);
    opening.catch(() => this.opened.delete(dir));
    return opening;
  }

  private follow(begun: Begun): void {
    let told = -Infinity;
    begun.operation.onProgress(progress => {
      const fresh = progress.phase !== begun.progress?.phase;
      begun.progress = progress;
      if (!begun.over && (fresh || performance.now() - told >= EVENT_MS)) {
        told = performance.now();
        this.publish(begun);
      }
    });
  }

  private publish(begun: Begun): void {
    this.events.publish({ type: 'workspace', operation: documentOf(begun) });
  }

  private remember(begun: Begun): void {
    this.begun.set(begun.operation.id, begun);
    const old = this.all().filter(({ over }) => over);
    for (const { operation } of old.slice(0, Math.max(0, old.length - REMEMBERED))) {
      this.begun.delete(operation.id);
    }
  }

  private all(): Begun[] {
    return [...this.begun.values()];
  }

  private runningIn(dir: string): Begun | undefined {
    return this.all().find(begun => begun.dir === dir && !begun.over);
  }

  private find(id: string): Begun {
    const begun = this.begun.get(id);
    if (!begun) {
      throw new VeilError('not_found', `No operation ${id} was begun here.`, 'See GET /v1/workspace.');
    }
    return begun;
  }
}

/** The record as it stands, with the progress of this moment; over is what its promise says, for a full disk keeps no record. */
function documentOf({ operation, progress, result, error, over }: Begun): WorkspaceOperation {
  const { record } = operation;
  const state = !over ? 'running' : error === null ? 'done' : error.code === 'cancelled' ? 'cancelled' : 'failed';
  const phase = over ? record.phase : (progress?.phase ?? record.phase);
  return { record: { ...record, state, phase, progress, error: error?.toBody().error ?? null }, result };
}
