import { existsSync } from 'node:fs';
import { access, constants, rm, stat, writeFile, copyFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import {
  VeilError,
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
  type WorkspaceCapabilities
} from '../../protocol';
import { type Operation } from '../operation';
import { type WorkspaceProvider } from '../provider';
import { chooseOld } from '../retention';
import { start, type Asked, type Run } from '../run';
import { clone } from './clone';
import { deleteWorkspace } from './delete-workspace';
import { freeBytes } from './disk';
import { fileError } from './failures';
import { LocalLedger } from './ledger';
import { lock } from './lock';
import { relFrom, type Rel } from './paths';
import { needsRecovery, recoverAll } from './recover';
import { restore } from './restore';
import { Scope } from './scope';
import { removeSnapshot, take } from './snapshot';
import { knownStores, type Store, type WorkspaceFile } from './store';

const AS_IT_WAS = 'The workspace is as it was.';

/** A workspace that is a folder; its snapshots are folders too. */
export class LocalWorkspace implements WorkspaceProvider {
  readonly kind = 'local';

  constructor(
    private readonly store: Store,
    private readonly waitSeconds: number
  ) {}

  describe(): Promise<Workspace> {
    return quickly(async () => describeStore(this.store, await this.store.about()));
  }

  listSnapshots(): Promise<Snapshot[]> {
    return quickly(() => this.store.snapshots());
  }

  listOperations(): Promise<OperationRecord[]> {
    return quickly(() => this.store.operations());
  }

  listWorkspaces(): Promise<Workspace[]> {
    return quickly(async () => {
      const known = await knownStores(this.store.root);
      const all = await Promise.all(known.map(({ store, about }) => describeStore(store, about)));
      // A folder that is gone with all its snapshots is nobody's workspace.
      const worth = all.filter(({ state, snapshots }) => state === 'present' || snapshots > 0);
      return worth.some(({ id }) => id === this.store.id) ? worth : [await this.describe(), ...worth];
    });
  }

  capabilities(): Promise<WorkspaceCapabilities> {
    return quickly(async () => {
      const yes = { allowed: true, reason: null, remedy: null };
      const [readable, writable] = await Promise.all([
        allows(this.store.dir, constants.R_OK),
        allows(this.store.dir, constants.W_OK)
      ]);
      const no = (what: string) => ({
        allowed: false,
        reason: `${this.store.dir} cannot be ${what}.`,
        remedy: 'Change its mode or owner.'
      });
      const [read, write] = [readable ? yes : no('read'), writable ? yes : no('written')];
      const root = existsSync(this.store.root) ? this.store.root : null;
      return {
        provider: 'local' as const,
        actions: {
          snapshot: read,
          restore: write,
          restore_files: write,
          undo: write,
          clone: read,
          delete_snapshot: yes,
          delete_workspace: yes
        },
        method: root && writable ? await methodBetween(this.store.dir, root) : 'hardlink',
        browse: true,
        restore_restarts: false,
        free_bytes: root ? await freeBytes(root) : null
      };
    });
  }

  pin(id: string, pinned: boolean): Promise<Snapshot> {
    return quickly(async () => {
      await this.store.requireSnapshot(id);
      const release = await lock(this.store.lockFile, this.waitSeconds);
      if (!release) {
        throw new VeilError('busy', 'Somebody is at work on this workspace. Nothing was changed.', 'Try again when it is over.');
      }
      try {
        const snapshot = { ...(await this.store.requireSnapshot(id)), pinned };
        await this.store.writeManifest(snapshot);
        return snapshot;
      } finally {
        await release();
      }
    });
  }

  takeSnapshot(request: SnapshotRequest): Operation<Snapshot> {
    return this.start('snapshot', {}, 'No snapshot was taken.', async (run, store) => {
      const { snapshot } = await take(store, run, { ...request, kind: 'user', scope: Scope.everything });
      return snapshot;
    });
  }

  deleteSnapshot(snapshot: string): Operation<void> {
    return this.start('delete_snapshot', { snapshot }, 'Nothing was removed.', async (run, store) => {
      const { pinned } = await store.requireSnapshot(snapshot);
      if (pinned) {
        throw new VeilError('bad_request', `Snapshot ${snapshot} is pinned. Nothing was removed.`, 'Unpin it first.');
      }
      await run.phase('removing');
      await removeSnapshot(store, snapshot);
    });
  }

  restore(snapshot: string): Operation<RestoreReport> {
    return this.start('restore', { snapshot }, AS_IT_WAS, (run, store) =>
      restore(store, run, { snapshot, scope: Scope.everything, exact: true, undoes: null })
    );
  }

  restoreFiles(snapshot: string, paths: readonly string[]): Operation<RestoreReport> {
    return this.start('restore_files', { snapshot, paths }, AS_IT_WAS, (run, store) =>
      restore(store, run, { snapshot, scope: new Scope(paths.map(pathIn)), exact: false, undoes: null })
    );
  }

  undoRestore(): Operation<RestoreReport> {
    return this.start('undo', {}, AS_IT_WAS, async (run, store) => {
      const last = (await store.about())?.last_restore;
      if (!last || last.undone) {
        const why = last ? 'The last restore was undone already' : 'Nothing was restored in this workspace';
        throw new VeilError('not_found', `${why}. Nothing was changed.`, 'Restore a snapshot by its id.');
      }
      await run.phase('reading', { snapshot: last.safety });
      return restore(store, run, { snapshot: last.safety, scope: Scope.everything, exact: true, undoes: last.operation });
    });
  }

  clone(request: CloneRequest): Operation<Workspace> {
    const asked = { snapshot: request.snapshot, target: request.to };
    return this.start('clone', asked, 'Nothing was made.', async (run, store) => {
      const made = await clone(store, run, request);
      return describeStore(made, await made.about());
    });
  }

  deleteWorkspace(request: DeleteWorkspaceRequest): Operation<void> {
    const open = async () => {
      const known = (await knownStores(this.store.root)).find(({ store }) => store.id === request.workspace);
      const { workspace } = request;
      if (!known && workspace !== this.store.id) {
        throw new VeilError(
          'not_found',
          `There is no workspace ${workspace}. Nothing was removed.`,
          'See veilbook workspace list.'
        );
      }
      return known?.store ?? this.store;
    };
    const find = async () => new LocalLedger(await open(), this.waitSeconds);
    return start(request.workspace, find, 'delete_workspace', {}, 'Nothing was removed.', async (run, { store }) => {
      await run.phase('removing', { target: store.dir });
      await deleteWorkspace(store, run, request);
    });
  }

  retain(policy: RetentionPolicy, dryRun = false): Operation<RetentionReport> {
    return this.start('retain', {}, 'What was to stay is there.', async (run, store) => {
      const last = (await store.about())?.last_restore;
      const inUse = new Set(last && !last.undone ? [last.safety] : []);
      const report = chooseOld(await store.snapshots(), policy, inUse);
      await run.phase('removing');
      for (const [done, id] of (dryRun ? [] : report.removed).entries()) {
        run.signal.throwIfAborted();
        await removeSnapshot(store, id);
        run.progress({ files: done + 1, files_total: report.removed.length });
      }
      return report;
    });
  }

  recover(): Promise<RecoveredOperation[]> {
    return quickly(async () => {
      const done = await recoverStore(this.store);
      // Nobody opens a workspace whose folder is gone: what was cut off in removing it is for whoever comes by.
      for (const { store } of await knownStores(this.store.root)) {
        if (store.id !== this.store.id && !existsSync(store.dir)) {
          done.push(...(await recoverStore(store)));
        }
      }
      return done;
    });
  }

  private start<T>(
    kind: OperationRecord['kind'],
    asked: Asked,
    undone: string,
    work: (run: Run, store: Store) => Promise<T>
  ): Operation<T> {
    const find = () => Promise.resolve(new LocalLedger(this.store, this.waitSeconds));
    return start(this.store.id, find, kind, asked, undone, (run, { store }) => work(run, store));
  }
}

/** How long the lock of a process that has ended may outlive it. */
const AFTERLIFE_SECONDS = 5;

async function recoverStore(store: Store): Promise<RecoveredOperation[]> {
  if (!(await needsRecovery(store))) {
    return [];
  }
  const release = await lock(store.lockFile, (await store.operations()).some(isAlive) ? 0 : AFTERLIFE_SECONDS);
  if (!release) {
    return [];
  }
  try {
    return await recoverAll(store);
  } finally {
    await release();
  }
}

async function quickly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw fileError(thrown, 'Nothing was changed.');
  }
}

function pathIn(text: string): Rel {
  const path = relFrom(text);
  if (path === null || path === '') {
    throw new VeilError(
      'bad_request',
      `${text} is no path in the workspace. Nothing was changed.`,
      'Name it relative to the workspace.'
    );
  }
  return path;
}

async function describeStore(store: Store, about: WorkspaceFile | null): Promise<Workspace> {
  const snapshots = await store.snapshots();
  const there = await stat(store.dir, { bigint: true }).catch(() => null);
  const made = about?.clone ?? null;
  return {
    id: store.id,
    name: basename(store.dir),
    provider: 'local',
    location: store.dir,
    state: there ? 'present' : 'missing',
    made_here: made !== null && there !== null && made.inode === `${there.ino}` && made.dev === `${there.dev}`,
    clone_of: made && { workspace: made.workspace, snapshot: made.snapshot },
    snapshots: snapshots.length,
    newest_snapshot: snapshots[0]?.id ?? null,
    last_restore: about?.last_restore ?? null,
    running: (await store.operations()).find(isAlive) ?? null
  };
}

function isAlive({ state, host, pid }: OperationRecord): boolean {
  if (state !== 'running') {
    return false;
  }
  try {
    // Of another host nobody can tell; its lock does.
    return host !== hostname() || process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const allows = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false
  );

/** Whether blocks can be shared between the two folders, found out by a small file that does not stay. */
async function methodBetween(dir: string, root: string): Promise<WorkspaceCapabilities['method']> {
  const [from, to] = [join(root, `.probe-${process.pid}`), join(root, `.probe-${process.pid}-copy`)];
  if ((await stat(dir)).dev !== (await stat(root)).dev) {
    return 'hardlink';
  }
  try {
    await writeFile(from, 'probe');
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    return 'reflink';
  } catch {
    return 'hardlink';
  } finally {
    await rm(from, { force: true });
    await rm(to, { force: true });
  }
}
