import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../protocol';
import { newId } from '../workspaces/ids';
import { whyPending } from '../workspaces/kubernetes/claims';
import { type Cluster, type Fresh } from '../workspaces/kubernetes/cluster';
import { key } from '../workspaces/kubernetes/names';
import { waitFor } from '../workspaces/kubernetes/wait';
import { makeOrTake } from './make';

const BOUND_SECONDS = 300;
/** What the controller says of a class that binds late. */
const LATE = /first consumer/i;
const REQUEST = key('request');

export interface Waiting {
  /** Default true. */
  wait?: boolean;
  seconds?: number;
  signal?: AbortSignal;
  /** Told why it is not done yet, whenever that changes. */
  seen?: (reason: string | null) => void;
}

export interface MadeClaim {
  claim: V1PersistentVolumeClaim;
  /** False: the same had been asked for before, and is there. */
  made: boolean;
  /** It is bound when a pod first uses it. */
  late: boolean;
}

/**
 * The claim that is there already by the same words.
 * @throws VeilError `conflict` where another has the name
 */
export async function sameClaim(
  cluster: Cluster,
  fresh: Fresh<V1PersistentVolumeClaim>,
  words: object
): Promise<V1PersistentVolumeClaim | null> {
  const name = fresh.metadata?.name ?? '';
  const there = await cluster.find('PersistentVolumeClaim', name);
  if (there === null || isIt(words)(there)) {
    return there;
  }
  const what = there.metadata?.deletionTimestamp ? 'is being deleted' : 'is there already, and was asked for in other words';
  throw new VeilError('conflict', `Claim ${name} ${what}. Nothing was made.`, 'Choose another name.');
}

/**
 * Make a claim, and wait until it is bound or known to wait for its first pod: that one is never waited for. A dry run of it
 * has quota and admission speak before.
 * @param words what was asked for, by which the same is known again
 * @throws VeilError `conflict`, `forbidden`, `quota_exceeded`; `timed_out` with the cluster's reason and `cancelled`: the claim stays
 */
export async function makeVolume(
  cluster: Cluster,
  fresh: Fresh<V1PersistentVolumeClaim>,
  words: object,
  waiting: Waiting,
  operation = newId()
): Promise<MadeClaim> {
  const before = await sameClaim(cluster, fresh, words);
  const marked = {
    ...fresh,
    metadata: { ...fresh.metadata, annotations: { ...fresh.metadata?.annotations, [REQUEST]: JSON.stringify(words) } }
  };
  if (before === null) {
    await cluster.create('PersistentVolumeClaim', marked, true);
    if (waiting.signal?.aborted) {
      throw new VeilError('cancelled', 'Stopped. Nothing was made.', '');
    }
  }
  const claim = before ?? (await makeOrTake(cluster, 'PersistentVolumeClaim', marked, operation, isIt(words)));
  const bound = waiting.wait === false ? { claim, late: false } : await untilBound(cluster, claim.metadata?.name ?? '', waiting);
  return { ...bound, made: before === null };
}

const isIt =
  (words: object) =>
  ({ metadata }: V1PersistentVolumeClaim): boolean =>
    !metadata?.deletionTimestamp && metadata?.annotations?.[REQUEST] === JSON.stringify(words);

type Bound = Omit<MadeClaim, 'made'>;

async function untilBound(cluster: Cluster, name: string, { seconds = BOUND_SECONDS, signal, seen }: Waiting): Promise<Bound> {
  try {
    return await waitFor<Bound>(
      async () => {
        const claim = await cluster.get('PersistentVolumeClaim', name);
        if (claim.status?.phase === 'Bound') {
          return { found: { claim, late: false } };
        }
        const reason = await whyPending(cluster, name);
        return reason !== null && LATE.test(reason) ? { found: { claim, late: true } } : { reason };
      },
      { unless: `Claim ${name} is not bound`, seconds, signal, seen }
    );
  } catch (thrown) {
    const { code, message } = signal?.aborted
      ? { code: 'cancelled' as const, message: `Stopped waiting for claim ${name}.` }
      : VeilError.from(thrown);
    const stays = `It stays: veilbook list volumes -n ${cluster.namespace} says how it is, veilbook delete volume -p ${name} removes it.`;
    throw new VeilError(code, message, stays);
  }
}
