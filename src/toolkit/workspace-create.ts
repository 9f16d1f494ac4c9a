import { type V1Deployment } from '@kubernetes/client-node';
import { VeilError } from '../protocol';
import { newId } from '../workspaces/ids';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { nameOf } from '../workspaces/kubernetes/names';
import { waitFor } from '../workspaces/kubernetes/wait';
import { type Waiting } from './claim-make';
import { makeOrTake, takeBack } from './make';
import { requireClaim } from './snapshot-create';
import { MANIFEST } from './triton-names';
import { listJupyterLabs, type WorkspaceRow } from './workspace-list';
import { workspaceObjectName, workspaceObjects, type WorkspaceObjects, type WorkspaceRequest } from './workspace-manifest';
import { secretOf, type Entrance } from './workspace-secret';

/** Long enough for a large image to come. */
const READY_SECONDS = 900;
const KINDS = ['Deployment', 'Service', 'PersistentVolumeClaim'] as const;

export interface MadeWorkspace {
  workspace: WorkspaceRow;
  /** False: the same had been asked for before, and is there; its password or token is the one of then. */
  made: boolean;
}

/**
 * The workspace that is there already by the same words.
 * @throws VeilError `conflict` where anything else has the name
 */
export async function sameWorkspace(cluster: Cluster, request: WorkspaceRequest): Promise<V1Deployment | null> {
  const wanted = workspaceObjects(request);
  const name = workspaceObjectName(request.name);
  const there = await cluster.find('Deployment', name);
  if (there !== null && isIt(wanted)(there)) {
    return there;
  }
  const taken = [
    ...(there === null ? [] : [`Deployment ${name}`]),
    ...((await cluster.find('Service', name)) === null ? [] : [`Service ${name}`]),
    ...((await cluster.find('PersistentVolumeClaim', name)) === null ? [] : [`claim ${name}`]),
    // The toolkit gives a Triton server the label of a workspace of that name: their traffic would be mixed.
    ...(await cluster.list('Deployment', { labels: `app=${name}` })).filter(one => nameOf(one) !== name).map(nameOf)
  ];
  if (taken.length > 0) {
    throw new VeilError(
      'conflict',
      `The name ${request.name} is taken by ${taken.join(', ')}. Nothing was made.`,
      `Choose another name, or remove it: veilbook delete jupyterlab -w ${request.name} -n ${cluster.namespace}.`
    );
  }
  return null;
}

/**
 * Make a workspace and wait until it is ready. Mounted claims, names, quota, rights and admission are asked before anything is made; what
 * a failure or a stop finds half made is taken back. The claim is not waited for: its pod may be what it waits for.
 * @throws VeilError `bad_request`, `not_found`, `conflict`, `forbidden`, `quota_exceeded`, `timed_out`, `cancelled`
 */
export async function createWorkspace(
  cluster: Cluster,
  request: WorkspaceRequest,
  entrance: Entrance,
  how: Waiting = {}
): Promise<MadeWorkspace> {
  const wanted = workspaceObjects(request);
  const secret = secretOf(request.name, entrance);
  for (const { claim } of request.mounts ?? []) {
    await requireClaim(cluster, claim);
  }
  const made = (await sameWorkspace(cluster, request)) === null;
  if (made) {
    await tryWorkspace(cluster, request);
    await make(cluster, wanted, secret, how.signal);
  }
  return { workspace: await ready(cluster, request.name, how), made };
}

/** Everything but the writing, of a pod too: only pods are measured against quota and pod security. */
export async function tryWorkspace(cluster: Cluster, request: WorkspaceRequest): Promise<void> {
  const { claim, service, deployment } = workspaceObjects(request);
  await cluster.create('PersistentVolumeClaim', claim, true);
  await cluster.create('Service', service, true);
  await cluster.create('Deployment', deployment, true);
  const { metadata, spec } = deployment.spec!.template;
  const pod = { metadata: { ...metadata, generateName: `${workspaceObjectName(request.name)}-try-` }, spec };
  await cluster.create('Pod', pod, true).catch(thrown => {
    // Without the right to create pods a Deployment is none the less allowed.
    if (!(thrown instanceof ClusterError && thrown.message.includes('does not allow to create pods'))) {
      throw thrown;
    }
  });
}

/** The Deployment last: it is the sign of a whole workspace. */
async function make(cluster: Cluster, wanted: WorkspaceObjects, secret: ReturnType<typeof secretOf>, signal?: AbortSignal) {
  const operation = newId();
  const name = nameOf(secret);
  let secretMade = false;
  const goOn = () => {
    if (signal?.aborted) {
      throw new VeilError('cancelled', 'Stopped.', '');
    }
  };
  try {
    goOn();
    await freeSecret(cluster, name);
    await cluster.create('Secret', secret);
    secretMade = true;
    goOn();
    await makeOrTake(cluster, 'PersistentVolumeClaim', wanted.claim, operation);
    goOn();
    await makeOrTake(cluster, 'Service', wanted.service, operation);
    goOn();
    await makeOrTake(cluster, 'Deployment', wanted.deployment, operation);
  } catch (thrown) {
    const left = await takeBack(cluster, KINDS, name, operation);
    if (secretMade) {
      await cluster.remove('Secret', name, undefined).catch(() => left.push(`Secret ${name}`));
    }
    const { code, message, remedy } = VeilError.from(thrown);
    throw new VeilError(
      code,
      `${message} ${left.length === 0 ? 'Nothing was made.' : `${left.join(', ')} may be left.`}`,
      remedy
    );
  }
}

/** One that a workspace of this name left behind goes, unless a clone of it has the password from there. */
async function freeSecret(cluster: Cluster, name: string): Promise<void> {
  if ((await secretUsers(cluster, name)).length > 0) {
    throw new VeilError('conflict', `Secret ${name} is used by another workspace.`, 'Choose another name.');
  }
  await cluster.remove('Secret', name, undefined);
}

/**
 * Remove what a workspace that is gone had its password in, unless a clone of it has it from there.
 * @returns whether it is gone
 */
export async function dropSecret(cluster: Cluster, workspace: string): Promise<boolean> {
  const name = workspaceObjectName(workspace);
  const used = (await secretUsers(cluster, name)).length > 0;
  if (!used) {
    await cluster.remove('Secret', name, undefined);
  }
  return !used;
}

/** Deployments that mount a Secret. */
async function secretUsers(cluster: Cluster, name: string): Promise<string[]> {
  const all = await cluster.list('Deployment');
  return all.filter(({ spec }) => spec?.template.spec?.volumes?.some(({ secret }) => secret?.secretName === name)).map(nameOf);
}

const isIt =
  (wanted: WorkspaceObjects) =>
  ({ metadata }: V1Deployment): boolean =>
    !metadata?.deletionTimestamp && metadata?.annotations?.[MANIFEST] === wanted.deployment.metadata?.annotations?.[MANIFEST];

async function ready(cluster: Cluster, name: string, how: Waiting): Promise<WorkspaceRow> {
  const { wait = true, seconds = READY_SECONDS, signal, seen } = how;
  const look = async (): Promise<WorkspaceRow> => {
    const found = (await listJupyterLabs(cluster)).find(one => one.name === name);
    if (found === undefined) {
      throw new VeilError('conflict', `Workspace ${name} was removed by somebody meanwhile.`, '');
    }
    return found;
  };
  if (!wait) {
    return look();
  }
  try {
    return await waitFor<WorkspaceRow>(
      async () => {
        const found = await look();
        return found.ready ? { found } : { reason: found.reason };
      },
      { unless: `Workspace ${name} is not ready`, seconds, signal, seen }
    );
  } catch (thrown) {
    const { code, message } = signal?.aborted
      ? { code: 'cancelled' as const, message: `Stopped waiting for workspace ${name}.` }
      : VeilError.from(thrown);
    const where = `-n ${cluster.namespace}`;
    const stays = `It stays: veilbook list jupyterlabs ${where} says how it is, veilbook delete jupyterlab -w ${name} ${where} removes it.`;
    throw new VeilError(code, message, code === 'conflict' ? '' : stays);
  }
}
