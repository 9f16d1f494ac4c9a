import { type V1ConfigMap } from '@kubernetes/client-node';
import { type OperationRecord, type RecoveredOperation, VeilError } from '../../protocol';
import { type Ledger } from '../run';
import { type Cluster } from './cluster';
import { holdLease, LEASE_SECONDS, leaseLabels, leaseName, looksHeld } from './lease';
import { key, nameOf, operationLabels, uidOf } from './names';
import { recoverAll } from './recover';

const RECORD = key('record');

/**
 * Records are ConfigMaps, one for each operation, because whoever asked for a restore ends with it; a Lease keeps two from being
 * at work at once. An operation's plan lies beside its record, written before anything is made by it.
 */
export class ClusterLedger implements Ledger {
  constructor(
    readonly cluster: Cluster,
    readonly workspace: string,
    private readonly waiting: { waitSeconds: number; leaseSeconds?: number }
  ) {}

  lock(): Promise<(() => Promise<void>) | null> {
    return holdLease(this.cluster, leaseName(this.workspace), leaseLabels(this.workspace), this.waiting);
  }

  recover(): Promise<RecoveredOperation[]> {
    return recoverAll(this);
  }

  /** Finish or undo what a crash left; nothing while somebody alive is at work on the workspace. */
  async recoverIfIdle(): Promise<RecoveredOperation[]> {
    const running = (await this.records()).some(({ state }) => state === 'running');
    if (!running || (await looksHeld(this.cluster, leaseName(this.workspace)))) {
      return [];
    }
    const waitSeconds = (this.waiting.leaseSeconds ?? LEASE_SECONDS) + 2;
    const release = await new ClusterLedger(this.cluster, this.workspace, { ...this.waiting, waitSeconds }).lock();
    if (!release) {
      return [];
    }
    try {
      return await this.recover();
    } finally {
      await release();
    }
  }

  /** Workspaces that somebody began to remove: nobody opens one whose Deployment is gone. */
  async removals(): Promise<string[]> {
    const maps = await this.cluster.list('ConfigMap', { labels: `${RECORD}=operation` });
    const begun = maps.flatMap(recordIn).filter(({ kind, state }) => kind === 'delete_workspace' && state === 'running');
    return [...new Set(begun.map(({ workspace }) => workspace))].filter(workspace => workspace !== this.workspace);
  }

  async write(record: OperationRecord): Promise<void> {
    const name = recordName(record.id);
    const data = { record: JSON.stringify(record) };
    if (await this.cluster.find('ConfigMap', name)) {
      await this.cluster.patch('ConfigMap', name, { data });
    } else {
      const labels = { ...operationLabels(this.workspace, record.id), [RECORD]: 'operation' };
      await this.cluster.create('ConfigMap', { metadata: { name, labels }, data });
    }
  }

  /** What the next life needs to finish the operation or to take it back. */
  async plan(operation: string, plan: object): Promise<void> {
    await this.cluster.patch('ConfigMap', recordName(operation), { data: { plan: JSON.stringify(plan) } });
  }

  async planOf<T>(operation: string): Promise<T | null> {
    const map = await this.cluster.find('ConfigMap', recordName(operation));
    return map?.data?.plan ? (JSON.parse(map.data.plan) as T) : null;
  }

  /** Owner of what an operation makes for itself alone: it goes when the record goes. Never of data. */
  async ownerOf(operation: string) {
    const map = await this.cluster.get('ConfigMap', recordName(operation));
    return [{ apiVersion: 'v1', kind: 'ConfigMap', name: nameOf(map), uid: uidOf(map) }];
  }

  async records(): Promise<OperationRecord[]> {
    const maps = await this.cluster.list('ConfigMap', { labels: `${RECORD}=operation,${key('workspace')}=${this.workspace}` });
    return maps.flatMap(recordIn).sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  async forget({ id }: OperationRecord): Promise<void> {
    await this.cluster.remove('ConfigMap', recordName(id), undefined);
  }

  explain(thrown: unknown, undone: string): VeilError {
    if (thrown instanceof Error && thrown.name === 'AbortError') {
      return new VeilError('cancelled', `Stopped. ${undone}`, '');
    }
    const error = VeilError.from(thrown);
    const told = /nothing (was|is)|as it was|no snapshot was/i.test(error.message);
    return told ? error : new VeilError(error.code, `${error.message} ${undone}`, error.remedy);
  }
}

const recordName = (operation: string): string => `veilbook-${operation}`;

function recordIn({ data }: V1ConfigMap): OperationRecord[] {
  try {
    const record = JSON.parse(data?.record ?? 'null') as OperationRecord | null;
    return record?.schema === 1 ? [record] : [];
  } catch {
    return [];
  }
}
