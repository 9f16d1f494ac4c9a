import { VeilError, type DeleteWorkspaceRequest, type OperationRecord, type RecoveredOperation } from '../../protocol';
import { type Run } from '../run';
import { findHome, type Home } from './home';
import { type ClusterLedger } from './ledger';
import { annotation, key, nameOf, uidOf, WORKSPACE_LABEL } from './names';
import { snapshotsOf } from './snapshots';

interface Plan {
  deployment: { name: string; uid: string };
  claims: { name: string; uid: string }[];
  snapshots: { name: string; uid: string }[];
}

/**
 * Remove Deployment, Service and claims of a workspace, and its snapshots where that was said. The person typed its name; one that
 * Veilbook did not make goes only by `force`; never the one that asks.
 */
export async function deleteWorkspace(
  ledger: ClusterLedger,
  run: Run,
  { workspace, confirm, snapshots = false, force = false }: DeleteWorkspaceRequest,
  own: string | null
): Promise<void> {
  const { cluster } = ledger;
  const home = await findHome(cluster, workspace);
  if (confirm !== home.name) {
    throw new VeilError('bad_request', `The name that was typed is not ${home.name}. Nothing was removed.`, '');
  }
  if (home.name === own) {
    throw new VeilError('bad_request', `Workspace ${own} is the one that asks. Nothing was removed.`, 'Remove it from another.');
  }
  if (!force && annotation(home.deployment, 'clone-of') === null) {
    throw new VeilError('bad_request', `Veilbook did not make workspace ${home.name}. Nothing was removed.`, 'Say force.');
  }
  const taken = await snapshotsOf(cluster, home);
  const pinned = taken.filter(one => annotation(one, 'pinned') === 'true');
  if (snapshots && pinned.length > 0) {
    throw new VeilError(
      'bad_request',
      `Snapshots of ${home.name} are pinned: ${pinned.map(nameOf).join(', ')}. Nothing was removed.`,
      'Unpin them first.'
    );
  }
  const meant = (object: Home['claim'] | Home['deployment'] | (typeof taken)[number]) => ({
    name: nameOf(object),
    uid: uidOf(object)
  });
  const labelled = await cluster.list('PersistentVolumeClaim', { labels: `${WORKSPACE_LABEL}=${home.name}` });
  const claims = [home.claim, ...labelled.filter(one => nameOf(one) !== nameOf(home.claim))];
  const plan: Plan = {
    deployment: meant(home.deployment),
    claims: claims.map(meant),
    snapshots: snapshots ? taken.map(meant) : []
  };
  await ledger.plan(run.id, plan);
  await run.commit('removing');
  await carryOut(ledger, plan);
}

/** The Deployment goes first: as long as it is there, nothing else was removed. */
async function carryOut({ cluster }: ClusterLedger, { deployment, claims, snapshots }: Plan): Promise<void> {
  await cluster.remove('Deployment', deployment.name, deployment.uid);
  const service = await cluster.find('Service', deployment.name);
  if (service) {
    await cluster.remove('Service', deployment.name, uidOf(service));
  }
  for (const { name, uid } of snapshots) {
    await cluster.remove('VolumeSnapshot', name, uid);
  }
  for (const { name, uid } of claims) {
    await cluster.remove('PersistentVolumeClaim', name, uid);
  }
}

export async function recoverDeletion(ledger: ClusterLedger, record: OperationRecord): Promise<RecoveredOperation['outcome']> {
  const plan = await ledger.planOf<Plan>(record.id);
  const deployment = plan && (await ledger.cluster.find('Deployment', plan.deployment.name));
  if (!plan || (deployment && uidOf(deployment) === plan.deployment.uid && !deployment.metadata?.deletionTimestamp)) {
    return 'undone';
  }
  await carryOut(ledger, plan);
  return 'finished';
}

export const madeHere = ({ deployment }: Home): boolean => deployment.metadata?.annotations?.[key('clone-of')] !== undefined;
