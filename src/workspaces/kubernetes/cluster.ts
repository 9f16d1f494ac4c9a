import {
  ApiException,
  CoreV1Api,
  KubernetesObjectApi,
  PatchStrategy,
  type KubeConfig,
  type KubernetesObject
} from '@kubernetes/client-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { step } from '../step';
import { ClusterError, clusterError, isTransient, type Call } from './failures';
import { RESOURCES, type Kind, type Objects } from './kinds';

const ATTEMPTS = 6;
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;
/** No single call takes longer on a cluster that works. */
const TIMEOUT_MS = 30_000;
const PAGE = 500;

/** Fields that say which object is meant, and no other. */
export interface Identity {
  uid?: string;
  resourceVersion?: string;
}

/** Fields as they are to be; null removes one. */
export type Change = Record<string, unknown> & { metadata?: Identity & Record<string, unknown> };

/** What can be thrown together from parts: the server fills in the rest. */
export type Fresh<T> = Omit<T, 'apiVersion' | 'kind' | 'status'>;

/**
 * One namespace of a cluster. Calls that fail by what may pass (429, 5xx, no answer) are made again with growing pauses; every
 * call is such that a second one does no harm: objects are made under names of their own, changes carry what they assume.
 * Everything rejects with a `ClusterError`.
 */
export class Cluster {
  private readonly api: KubernetesObjectApi;
  private readonly core: CoreV1Api;
  private readonly server: string;

  /** @param role the command that prints the Role for what is done here */
  constructor(
    config: KubeConfig,
    readonly namespace: string,
    private readonly role = 'veilbook rbac'
  ) {
    this.api = KubernetesObjectApi.makeApiClient(config);
    this.core = config.makeApiClient(CoreV1Api);
    this.server = config.getCurrentCluster()?.server ?? 'an unknown address';
  }

  get<K extends Kind>(kind: K, name: string): Promise<Objects[K]> {
    return this.call('get', kind, name, () => this.api.read(this.header(kind, name)) as Promise<Objects[K]>);
  }

  /** @returns null where there is none */
  async find<K extends Kind>(kind: K, name: string): Promise<Objects[K] | null> {
    try {
      return await this.get(kind, name);
    } catch (thrown) {
      if (thrown instanceof ClusterError && thrown.status === 404) {
        return null;
      }
      throw thrown;
    }
  }

  /** @param labels a label selector */
  async list<K extends Kind>(kind: K, { labels, fields }: { labels?: string; fields?: string } = {}): Promise<Objects[K][]> {
    const { apiVersion, clusterWide, custom } = RESOURCES[kind];
    const namespace = clusterWide ? undefined : this.namespace;
    const found: Objects[K][] = [];
    // Of the lists of custom resources the client drops the mark that a page goes on, so they are asked for whole.
    const limit = custom ? undefined : PAGE;
    let next: string | undefined;
    do {
      const page = await this.call('list', kind, '', () =>
        this.api.list<Objects[K] & KubernetesObject>(
          apiVersion,
          kind,
          namespace,
          undefined,
          undefined,
          undefined,
          fields,
          labels,
          limit,
          next
        )
      );
      found.push(...page.items);
      next = page.metadata?._continue;
    } while (next);
    return found;
  }

  /**
   * What a pod has printed, each line with the time at which it did (RFC 3339, to the nanosecond).
   * @param part its last lines, or those of the last seconds
   */
  async log(pod: string, part: { tailLines?: number; sinceSeconds?: number } = {}): Promise<string> {
    const { namespace } = this;
    const read = async () => {
      try {
        return await this.core.readNamespacedPodLog({ name: pod, namespace, timestamps: true, ...part });
      } catch (thrown) {
        // Of a pod that is on no node yet the server sends nothing, and not of what type that is.
        if ((thrown as Error).message.includes('No Content-Type defined')) {
          return '';
        }
        throw thrown;
      }
    };
    return this.call('get', 'Pod', `${pod}/log`, read);
  }

  /** @param dryRun everything but the writing: admission, quota, rights */
  create<K extends Kind>(kind: K, object: Fresh<Objects[K]>, dryRun = false): Promise<Objects[K]> {
    const { apiVersion, clusterWide } = RESOURCES[kind];
    const { metadata } = object as KubernetesObject;
    const namespace = clusterWide ? {} : { namespace: this.namespace };
    const whole = { ...object, apiVersion, kind, metadata: { ...metadata, ...namespace } } as KubernetesObject;
    return this.write(dryRun, 'create', kind, metadata?.name ?? '', () =>
      this.api.create(whole, undefined, dryRun ? 'All' : undefined)
    ) as Promise<Objects[K]>;
  }

  /**
   * Change some fields; with a `resourceVersion` only if nobody changed it since.
   * @param strategy `merge` replaces lists; `strategic`, which custom resources do not know, merges those with named items
   */
  patch<K extends Kind>(
    kind: K,
    name: string,
    change: Change,
    { strategy = 'merge', dryRun = false }: { strategy?: 'merge' | 'strategic'; dryRun?: boolean } = {}
  ): Promise<Objects[K]> {
    const header = this.header(kind, name);
    const whole = { ...change, ...header, metadata: { ...change.metadata, ...header.metadata } } as KubernetesObject;
    const how = strategy === 'merge' ? PatchStrategy.MergePatch : PatchStrategy.StrategicMergePatch;
    return this.write(dryRun, 'patch', kind, name, () =>
      this.api.patch(whole, undefined, dryRun ? 'All' : undefined, undefined, undefined, how)
    ) as Promise<Objects[K]>;
  }

  /**
   * Remove the very object that is meant: nothing where it is gone already or another has its name. What it owns goes after it.
   */
  async remove(kind: Kind, name: string, uid: string | undefined): Promise<void> {
    try {
      await this.write(false, 'delete', kind, name, () =>
        // Where there is a body the server reads the policy there only; left out, a Job's pods would stay, and hold their claims.
        this.api.delete(this.header(kind, name), undefined, undefined, undefined, undefined, undefined, {
          propagationPolicy: 'Background',
          preconditions: { uid }
        })
      );
    } catch (thrown) {
      if (!(thrown instanceof ClusterError && [404, 409].includes(thrown.status))) {
        throw thrown;
      }
    }
  }

  private header(kind: Kind, name: string) {
    const { apiVersion, clusterWide } = RESOURCES[kind];
    return { apiVersion, kind, metadata: { name, ...(clusterWide ? {} : { namespace: this.namespace }) } };
  }

  private async write<T>(dryRun: boolean, verb: string, kind: Kind, name: string, work: () => Promise<T>): Promise<T> {
    if (!dryRun) {
      step(`${verb} ${kind}`);
    }
    const answer = await this.call(verb, kind, name, work);
    if (!dryRun) {
      step(`after ${verb} ${kind}`);
    }
    return answer;
  }

  private async call<T>(verb: string, kind: Kind, name: string, work: () => Promise<T>): Promise<T> {
    const { plural, clusterWide } = RESOURCES[kind];
    const call: Call = {
      verb,
      what: `${plural} ${name}`.trim(),
      where: clusterWide ? 'the cluster' : `namespace ${this.namespace}`,
      server: this.server,
      role: this.role
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await inTime(work());
      } catch (thrown) {
        // A token that was just exchanged is read again within a minute at the latest.
        const expired = thrown instanceof ApiException && thrown.code === 401 && attempt < 3;
        if (attempt === ATTEMPTS || !(expired || isTransient(thrown))) {
          throw clusterError(thrown, call);
        }
        await sleep(pauseAfter(thrown, attempt));
      }
    }
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(TIMEOUT_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${TIMEOUT_MS / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** What the server asks for, else twice as long each time, and never all clients at once. */
function pauseAfter(thrown: unknown, attempt: number): number {
  const asked = thrown instanceof ApiException ? Number(thrown.headers['retry-after']) * 1000 : NaN;
  const own = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
  return Math.min(LONGEST_DELAY_MS, Number.isFinite(asked) ? Math.max(asked, own) : own);
}
