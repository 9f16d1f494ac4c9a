import { type Cluster, type Fresh } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { type Kind, type Objects } from '../workspaces/kubernetes/kinds';
import { key, uidOf } from '../workspaces/kubernetes/names';

/** By which what one call made is told from what was there, also after an answer that was lost. */
export const OPERATION = key('operation');

/**
 * Make an object with this operation's label, or take the one that is there where it is what was to be made.
 * @param isIt default: only one that this operation made, when the answer to that was lost
 */
export async function makeOrTake<K extends Kind>(
  cluster: Cluster,
  kind: K,
  fresh: Fresh<Objects[K]>,
  operation: string,
  isIt: (there: Objects[K]) => boolean = ({ metadata }) => metadata?.labels?.[OPERATION] === operation
): Promise<Objects[K]> {
  const { metadata } = fresh as Objects['Service'];
  const marked = { ...fresh, metadata: { ...metadata, labels: { ...metadata?.labels, [OPERATION]: operation } } };
  try {
    return await cluster.create(kind, marked as Fresh<Objects[K]>);
  } catch (thrown) {
    const taken = thrown instanceof ClusterError && thrown.status === 409;
    const there = taken ? await cluster.find(kind, metadata?.name ?? '') : null;
    if (there !== null && !there.metadata?.deletionTimestamp && isIt(there)) {
      return there;
    }
    throw thrown;
  }
}

/**
 * Remove what an operation made under a name, and nothing else.
 * @param kinds in the order of removal
 * @returns what may be left because the cluster did not let it go
 */
export async function takeBack(cluster: Cluster, kinds: readonly Kind[], name: string, operation: string): Promise<string[]> {
  const left: string[] = [];
  for (const kind of kinds) {
    try {
      const made = await cluster.find(kind, name);
      if (made?.metadata?.labels?.[OPERATION] === operation) {
        await cluster.remove(kind, name, uidOf(made));
      }
    } catch {
      left.push(`${kind} ${name}`);
    }
  }
  return left;
}
