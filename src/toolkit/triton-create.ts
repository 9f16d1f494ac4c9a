import { type V1Deployment, type V1Service } from '@kubernetes/client-node';
import { VeilError, type TritonServer } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf, TOOLKIT_PREFIX } from '../workspaces/kubernetes/names';
import { waitFor } from '../workspaces/kubernetes/wait';
import { newId } from '../workspaces/ids';
import { makeOrTake, takeBack } from './make';
import { requireClaim } from './snapshot-create';
import { findTritonServer } from './triton-list';
import { tritonObjects, type TritonObjects, type TritonRequest } from './triton-manifest';
import { MANIFEST, objectName } from './triton-names';

/** Long enough for a large image to come. */
const READY_SECONDS = 900;

export interface Making {
  /** Until it is ready; default true. */
  wait?: boolean;
  seconds?: number;
  signal?: AbortSignal;
  /** Told why it is not ready yet, whenever that changes. */
  seen?: (reason: string | null) => void;
  /** Ask the cluster about everything and make nothing. */
  dryRun?: boolean;
}

export interface MadeTritonServer {
  /** Null after a dry run. */
  server: TritonServer | null;
  /** False: the same had been asked for before, and is there. */
  made: boolean;
}

/**
 * Make Service and Deployment of a Triton server and wait until it is ready. Claim, names, quota, rights and admission are asked
 * before anything is made; what a failure or a stop finds half made is taken back; once both are there they stay.
 * @throws VeilError `bad_request`, `not_found` for the claim, `conflict` for the name, `forbidden`, `quota_exceeded`, `timed_out` with the
 *   cluster's reason, `cancelled`
 */
export async function createTritonServer(cluster: Cluster, request: TritonRequest, how: Making = {}): Promise<MadeTritonServer> {
  const wanted = tritonObjects(request);
  const { name } = request;
  await requireClaim(cluster, request.claim);
  const there = await requireFree(cluster, name, wanted);
  if (!there.service || !there.deployment) {
    await tryOut(cluster, wanted, there);
    if (how.dryRun !== true) {
      await make(cluster, wanted, how.signal);
    }
  }
  const made = !there.deployment;
  if (how.dryRun) {
    return { server: null, made };
  }
  const server = how.wait === false ? await required(cluster, name) : await ready(cluster, name, how);
  return { server, made };
}

/**
 * Which of both are there already as they are to be.
 * @throws VeilError `conflict` where something else has the name, or a workspace, whose pods the toolkit's server of that name would
 *   take for its own
 */
async function requireFree(cluster: Cluster, name: string, wanted: TritonObjects) {
  const [service, deployment] = [
    await cluster.find('Service', objectName(name)),
    await cluster.find('Deployment', objectName(name))
  ];
  for (const found of [service, deployment]) {
    if (found !== null && !isIt(wanted)(found)) {
      const what = found.metadata?.deletionTimestamp
        ? 'is being deleted'
        : found.metadata?.annotations?.[MANIFEST] === undefined
          ? 'is there already, and was not made by veilbook'
          : 'is there already, and was asked for in other words';
      throw new VeilError(
        'conflict',
        `${found === service ? 'Service' : 'Deployment'} ${nameOf(found)} ${what}. Nothing was made.`,
        `Choose another name, or remove it: veilbook delete triton-server -s ${name} -n ${cluster.namespace}.`
      );
    }
  }
  const workspaces = deployment === null ? await cluster.list('Deployment', { labels: `app=${TOOLKIT_PREFIX}${name}` }) : [];
  const crossing = workspaces.at(0);
  if (crossing !== undefined) {
    throw new VeilError(
      'conflict',
      `${name} is the name of a workspace (Deployment ${nameOf(crossing)}), whose label the NetApp toolkit gives a Triton server of that name. Nothing was made.`,
      'Choose another name.'
    );
  }
  return { service: service !== null, deployment: deployment !== null };
}

/** The same words again mean the same server. */
const isIt =
  (wanted: TritonObjects) =>
  ({ metadata }: V1Deployment | V1Service): boolean =>
    !metadata?.deletionTimestamp && metadata?.annotations?.[MANIFEST] === wanted.deployment.metadata?.annotations?.[MANIFEST];

/** Everything but the writing, of a pod too: only pods are measured against quota and pod security. */
async function tryOut(
  cluster: Cluster,
  { service, deployment }: TritonObjects,
  there: { service: boolean; deployment: boolean }
) {
  if (!there.service) {
    await cluster.create('Service', service, true);
  }
  if (!there.deployment) {
    await cluster.create('Deployment', deployment, true);
    const { metadata, spec } = deployment.spec!.template;
    const pod = { metadata: { ...metadata, generateName: `${deployment.metadata?.name}-try-` }, spec };
    await cluster.create('Pod', pod, true).catch(thrown => {
      // Without the right to create pods a Deployment is none the less allowed.
      if (!(thrown instanceof ClusterError && thrown.message.includes('does not allow to create pods'))) {
        throw thrown;
      }
    });
  }
}

/** The Service first: a Deployment is the sign of a whole server. */
async function make(cluster: Cluster, wanted: TritonObjects, signal?: AbortSignal): Promise<void> {
  const operation = newId();
  try {
    requireGoingOn(signal);
    await makeOrTake(cluster, 'Service', wanted.service, operation, isIt(wanted));
    requireGoingOn(signal);
    await makeOrTake(cluster, 'Deployment', wanted.deployment, operation, isIt(wanted));
  } catch (thrown) {
    const left = await takeBack(cluster, ['Deployment', 'Service'], wanted.service.metadata?.name ?? '', operation);
    const { code, message, remedy } = VeilError.from(thrown);
    throw new VeilError(
      code,
      `${message} ${left.length === 0 ? 'Nothing was made.' : `${left.join(', ')} may be left.`}`,
      remedy
    );
  }
}

function requireGoingOn(signal?: AbortSignal): void {
  if (signal?.aborted) {
    throw new VeilError('cancelled', 'Stopped.', '');
  }
}

async function required(cluster: Cluster, name: string): Promise<TritonServer> {
  const server = await findTritonServer(cluster, name);
  if (server === null) {
    throw new VeilError('conflict', `Triton server ${name} was removed by somebody meanwhile.`, '');
  }
  return server;
}

async function ready(cluster: Cluster, name: string, how: Making): Promise<TritonServer> {
  const { seconds = READY_SECONDS, signal, seen } = how;
  try {
    return await waitFor<TritonServer>(
      async () => {
        const server = await required(cluster, name);
        return server.status === 'ready' ? { found: server } : { reason: server.reason };
      },
      { unless: `Triton server ${name} is not ready`, seconds, signal, seen }
    );
  } catch (thrown) {
    const { code, message } = signal?.aborted
      ? { code: 'cancelled' as const, message: `Stopped waiting for Triton server ${name}.` }
      : VeilError.from(thrown);
    const where = `-n ${cluster.namespace}`;
    const stays = `It stays: veilbook list triton-servers ${where} says how it is, veilbook delete triton-server -s ${name} ${where} removes it.`;
    throw new VeilError(code, message, code === 'conflict' ? '' : stays);
  }
}
