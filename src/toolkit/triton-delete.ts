import { VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { nameOf, uidOf } from '../workspaces/kubernetes/names';
import { waitFor } from '../workspaces/kubernetes/wait';
import { objectName, requireServerName, SERVER_LABEL, SERVERS } from './triton-names';

const GONE_SECONDS = 120;

/** What a Triton server is made of, as it was when somebody was asked about it. */
export interface RemovableTritonServer {
  name: string;
  parts: { kind: 'Deployment' | 'Service'; name: string; uid: string }[];
  /** The claim that stays. */
  claim: string | null;
}

/**
 * Look up what is there of a server, made here or by the toolkit, whole or half.
 * @throws VeilError `bad_request`, `not_found`; `conflict` where something else has the name
 */
export async function removableTritonServer(cluster: Cluster, name: string): Promise<RemovableTritonServer> {
  requireServerName(name);
  const deployment = await cluster.find('Deployment', objectName(name));
  const service = await cluster.find('Service', objectName(name));
  const found = [
    ...(deployment ? [{ kind: 'Deployment' as const, object: deployment }] : []),
    ...(service ? [{ kind: 'Service' as const, object: service }] : [])
  ];
  if (found.length === 0) {
    throw new VeilError(
      'not_found',
      `There is no Triton server ${name} in namespace ${cluster.namespace}. Nothing was removed.`,
      `veilbook list triton-servers -n ${cluster.namespace} shows what is there.`
    );
  }
  const foreign = found.find(({ object }) => object.metadata?.labels?.[SERVER_LABEL] !== name);
  if (foreign !== undefined) {
    throw new VeilError(
      'conflict',
      `${foreign.kind} ${nameOf(foreign.object)} does not carry the labels of a Triton server. Nothing was removed.`,
      'Remove it by kubectl if it is to go.'
    );
  }
  const volume = deployment?.spec?.template.spec?.volumes?.find(one => one.name === 'model-repo');
  return {
    name,
    parts: found.map(({ kind, object }) => ({ kind, name: nameOf(object), uid: uidOf(object) })),
    claim: volume?.persistentVolumeClaim?.claimName ?? null
  };
}

/**
 * Remove these very objects, and wait until no pod of theirs holds the claim any more.
 * @throws VeilError `forbidden`, `timed_out`, `cancelled`; what is removed by then stays so, and the rest can be removed again
 */
export async function deleteTritonServer(
  cluster: Cluster,
  { name, parts }: RemovableTritonServer,
  { wait = true, seconds = GONE_SECONDS, signal }: { wait?: boolean; seconds?: number; signal?: AbortSignal } = {}
): Promise<void> {
  for (const { kind, name: object, uid } of parts) {
    await cluster.remove(kind, object, uid);
  }
  if (!wait || !parts.some(({ kind }) => kind === 'Deployment')) {
    return;
  }
  const look = async () => {
    const pods = await cluster.list('Pod', { labels: `${SERVERS},${SERVER_LABEL}=${name}` });
    return pods.length === 0 ? { found: true } : { reason: `pod ${nameOf(pods[0])} is ending` };
  };
  await waitFor(look, { unless: `Triton server ${name} is not gone`, seconds, signal }).catch(thrown => {
    throw signal?.aborted
      ? new VeilError('cancelled', 'Stopped waiting. It is removed; its pod may still be ending.', '')
      : thrown;
  });
}
