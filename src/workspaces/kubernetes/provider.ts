import {
  VeilError,
  type CloneRequest,
  type DeleteWorkspaceRequest,
  type OperationKind,
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
import { type Cluster } from './cluster';
import { deleteWorkspace } from './delete-workspace';
import { lastRestoreOf } from './deployment';
import { describeHome } from './describe';
import { restoreFiles } from './files';
import { findHome, homeOf, type Home } from './home';
import { ClusterLedger } from './ledger';
import { annotation, key, nameOf, TOOLKIT_WORKSPACES, uidOf } from './names';
import { type Inside } from './open';
import { restore, undo } from './restore';
import { missingRights, type Action, type MissingRight } from './rights';
import { describeSnapshot, requireSnapshot, snapshotsOf } from './snapshots';
import { take } from './take';

const AS_IT_WAS = 'The workspace is as it was.';

/** A workspace whose data are a PersistentVolumeClaim that a Deployment mounts; its snapshots are VolumeSnapshots. */
export class KubernetesWorkspace implements WorkspaceProvider {
  readonly kind = 'kubernetes';
  private readonly ledger: ClusterLedger;
  private readonly keepsName: boolean;

  /**
   * @param inside what only a process in the workspace's own pod can look at
   * @param keepClaimName where that is possible; see rebind.ts
   */
  constructor(
    private readonly cluster: Cluster,
    private readonly name: string,
    private readonly waiting: { waitSeconds: number; leaseSeconds?: number },
    private readonly inside: Inside | null,
    keepClaimName = true
  ) {
    // From inside, the workspace cannot stand still and start itself again.
    this.keepsName = keepClaimName && inside === null;
    this.ledger = new ClusterLedger(cluster, name, waiting);
  }

  async describe(): Promise<Workspace> {
    return describeHome(this.cluster, await this.home(), await this.listOperations());
  }

  async capabilities(): Promise<WorkspaceCapabilities> {
    const missing = await missingRights(this.cluster);
    const judged = (action: Action) => {
      const lacks = missing.filter(({ actions }) => actions.includes(action));
      return lacks.length === 0
        ? { allowed: true, reason: null, remedy: null }
        : { allowed: false, ...notAllowed(this.cluster.namespace, lacks) };
    };
    return {
      provider: 'kubernetes',
      actions: {
        snapshot: judged('snapshot'),
        restore: judged('restore'),
        restore_files: judged('restore_files'),
        undo: judged('undo'),
        clone: judged('clone'),
        delete_snapshot: judged('delete_snapshot'),
        delete_workspace: judged('delete_workspace')
      },
      method: 'csi',
      browse: false,
      restore_restarts: true,
      free_bytes: null
    };
  }

  async listSnapshots(): Promise<Snapshot[]> {
    const home = await this.home();
    return (await snapshotsOf(this.cluster, home)).map(one => describeSnapshot(one, home.name));
  }

  async listWorkspaces(): Promise<Workspace[]> {
    const own = await this.home();
    const all = await this.cluster.list('Deployment', { labels: TOOLKIT_WORKSPACES });
    const others = all.filter(one => uidOf(one) !== uidOf(own.deployment));
    const homes = await Promise.all(others.map(one => homeOf(this.cluster, one).catch(() => null)));
    return Promise.all([own, ...homes.filter(home => home !== null)].map(home => describeHome(this.cluster, home, [])));
  }

  listOperations(): Promise<OperationRecord[]> {
    return this.ledger.records();
  }

  async pin(id: string, pinned: boolean): Promise<Snapshot> {
    const home = await this.home();
    await requireSnapshot(this.cluster, home, id);
    const annotations = { [key('pinned')]: pinned ? 'true' : null };
    return describeSnapshot(await this.cluster.patch('VolumeSnapshot', id, { metadata: { annotations } }), home.name);
  }

  takeSnapshot(request: SnapshotRequest): Operation<Snapshot> {
    return this.start('snapshot', {}, 'No snapshot was taken.', async (run, home) => {
      await run.phase('copying');
      const provenance = await this.provenance(request.notebook);
      return describeSnapshot(await take(this.cluster, home, run, { ...request, kind: 'user', provenance }), home.name);
    });
  }

  deleteSnapshot(snapshot: string): Operation<void> {
    return this.start('delete_snapshot', { snapshot }, 'Nothing was removed.', async (run, home) => {
      const found = await requireSnapshot(this.cluster, home, snapshot);
      if (annotation(found, 'pinned') === 'true') {
        throw new VeilError('bad_request', `Snapshot ${snapshot} is pinned. Nothing was removed.`, 'Unpin it first.');
      }
      await run.phase('removing');
      await this.cluster.remove('VolumeSnapshot', snapshot, uidOf(found));
    });
  }

  restore(snapshot: string): Operation<RestoreReport> {
    return this.start('restore', { snapshot }, AS_IT_WAS, async (run, home) =>
      restore(this.ledger, home, run, { snapshot, provenance: await this.provenance(), keepName: this.keepsName })
    );
  }

  restoreFiles(snapshot: string, paths: readonly string[]): Operation<RestoreReport> {
    return this.start('restore_files', { snapshot, paths }, AS_IT_WAS, async (run, home) =>
      restoreFiles(this.ledger, home, run, { snapshot, paths, provenance: await this.provenance() })
    );
  }

  undoRestore(): Operation<RestoreReport> {
    return this.start('undo', {}, AS_IT_WAS, async (run, home) =>
      undo(this.ledger, home, run, { provenance: await this.provenance(), keepName: this.keepsName })
    );
  }

  clone(request: CloneRequest): Operation<Workspace> {
    const asked = { snapshot: request.snapshot, target: request.to };
    return this.start('clone', asked, 'Nothing was made.', async (run, home) =>
      describeHome(this.cluster, await clone(this.ledger, home, run, request, await this.provenance()), [])
    );
  }

  deleteWorkspace(request: DeleteWorkspaceRequest): Operation<void> {
    const ledger = new ClusterLedger(this.cluster, request.workspace, this.waiting);
    const find = async () => {
      await this.require('delete_workspace', 'Nothing was removed.');
      return ledger;
    };
    return start(request.workspace, find, 'delete_workspace', {}, 'Nothing was removed.', run =>
      deleteWorkspace(ledger, run, request, this.inside ? this.name : null)
    );
  }

  retain(policy: RetentionPolicy, dryRun = false): Operation<RetentionReport> {
    return this.start('retain', {}, 'What was to stay is there.', async (run, home) => {
      const all = await snapshotsOf(this.cluster, home);
      const report = chooseOld(
        all.map(one => describeSnapshot(one, home.name)),
        policy,
        await this.inUse(home)
      );
      await run.phase('removing');
      for (const [done, id] of (dryRun ? [] : report.removed).entries()) {
        run.signal.throwIfAborted();
        await this.cluster.remove('VolumeSnapshot', id, uidOf(all.find(one => nameOf(one) === id)!));
        run.progress({ files: done + 1, files_total: report.removed.length });
      }
      return report;
    });
  }

  async recover(): Promise<RecoveredOperation[]> {
    const done = await this.ledger.recoverIfIdle();
    for (const workspace of await this.ledger.removals()) {
      done.push(...(await new ClusterLedger(this.cluster, workspace, this.waiting).recoverIfIdle()));
    }
    return done;
  }

  /**
   * What is not allowed is refused before anything is begun: half an operation is worse than none.
   * @throws VeilError `forbidden`
   */
  private async require(action: Action, undone: string): Promise<void> {
    const lacks = (await missingRights(this.cluster)).filter(({ actions }) => actions.includes(action));
    if (lacks.length > 0) {
      const { reason, remedy } = notAllowed(this.cluster.namespace, lacks);
      throw new VeilError('forbidden', `${reason} ${undone}`, remedy);
    }
  }

  private home(): Promise<Home> {
    return findHome(this.cluster, this.name);
  }

  private async provenance(notebook?: string) {
    return {
      git: (await this.inside?.git()) ?? null,
      notebook: notebook === undefined ? null : { path: notebook, sha256: (await this.inside?.sha256(notebook)) ?? null }
    };
  }

  /** What undo goes back to, and what a claim is being made from. */
  private async inUse(home: Home): Promise<Set<string>> {
    const last = lastRestoreOf(home.deployment);
    const claims = await this.cluster.list('PersistentVolumeClaim');
    const sources = claims.flatMap(({ spec, status }) =>
      status?.phase === 'Pending' && spec?.dataSource?.kind === 'VolumeSnapshot' ? [spec.dataSource.name] : []
    );
    return new Set([...sources, ...(last && !last.undone ? [last.safety] : [])]);
  }

  private start<T>(kind: OperationKind, asked: Asked, undone: string, work: (run: Run, home: Home) => Promise<T>): Operation<T> {
    const find = async () => {
      await this.require(kind === 'retain' ? 'delete_snapshot' : kind, undone);
      return this.ledger;
    };
    return start(this.name, find, kind, asked, undone, async run => work(run, await this.home()));
  }
}

const notAllowed = (namespace: string, lacks: readonly MissingRight[]) => ({
  reason: `Not allowed in namespace ${namespace}: ${lacks.map(({ verb }) => verb).join(', ')}.`,
  remedy: `veilbook rbac --namespace ${namespace}${lacks.some(({ removal }) => removal) ? ' --removal' : ''} prints the Role that allows it.`
});
