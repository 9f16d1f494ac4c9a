import { setTimeout as sleep } from 'node:timers/promises';
import { inspectTail, knownTails, plainNoisyName, type NamedServer } from '../egress';
import type { Compute } from '../pipeline/compute';
import { VeilError, type InspectedTail, type ModelTask, type TailList, type TritonServer } from '../protocol';
import type * as Toolkit from '../toolkit';
import { isNamed } from './batch-jobs';

/** The other servers are shown meanwhile or soon: a cluster that answers later is left out, with a note. */
const PATIENCE_MS = 5000;

/** Model servers that a tail could run on. The client of the cluster is read when something says that there is one, and not before. */
export class Tails {
  private opened: Promise<{ toolkit: typeof Toolkit; cluster: Toolkit.Cluster }> | null = null;

  constructor(private readonly compute: Pick<Compute, 'describeModel'>) {}

  /** What is known without asking any server. Never fails for want of a cluster. */
  async list(): Promise<TailList> {
    const [{ identity }, { servers, notes }] = await Promise.all([this.compute.describeModel(), this.inCluster()]);
    const known = await knownTails(plainNoisyName((identity?.task ?? 'face-detection') as ModelTask), servers);
    return { ...known, notes: [...known.notes, ...notes] };
  }

  /** @throws VeilError as `inspectTail` */
  async inspect(url: string): Promise<InspectedTail> {
    return inspectTail(url, await this.compute.describeModel());
  }

  private async inCluster(): Promise<{ servers: NamedServer[]; notes: string[] }> {
    if (!isNamed()) {
      return { servers: [], notes: [] };
    }
    const listed = this.listed();
    listed.catch(() => undefined);
    try {
      const servers = await Promise.race([listed, sleep(PATIENCE_MS, null, { ref: false })]);
      return servers
        ? { servers: servers.map(named), notes: [] }
        : { servers: [], notes: [`The cluster does not say within ${PATIENCE_MS / 1000} s which servers it has.`] };
    } catch (thrown) {
      this.opened = null;
      return { servers: [], notes: [VeilError.from(thrown).line] };
    }
  }

  private async listed(): Promise<TritonServer[]> {
    this.opened ??= import('../toolkit').then(async toolkit => ({ toolkit, cluster: await toolkit.openToolkit() }));
    const { toolkit, cluster } = await this.opened;
    return toolkit.listTritonServers(cluster);
  }
}

/** In a pod by the address that pods use; elsewhere by the one from outside, where there is one. */
function named({ name, namespace, status, reason, warning, http, cluster_address: inside }: TritonServer): NamedServer {
  const host = process.env.KUBERNETES_SERVICE_HOST ? inside.http : (http ?? inside.http);
  return {
    destination: `triton://${host}`,
    models: [],
    source: 'cluster',
    cluster: { name, namespace, status, reason, warning }
  };
}
