import { type V1SelfSubjectRulesReview } from '@kubernetes/client-node';
import { type WorkspaceCapabilities } from '../../protocol';
import { type Cluster } from './cluster';
import { RESOURCES, type Kind } from './kinds';

export type Action = keyof WorkspaceCapabilities['actions'];

/** One rule of the Role, and what it is for. */
export interface Right {
  kind: Kind;
  verbs: readonly string[];
  /** What cannot be done without it; empty: only what is said about it is poorer. */
  actions: readonly Action[];
  why: string;
}

const CHANGES: readonly Action[] = [
  'snapshot',
  'restore',
  'restore_files',
  'undo',
  'clone',
  'delete_snapshot',
  'delete_workspace'
];

/**
 * All that Veilbook asks of a namespace. It never watches, and by the first table it can remove no claim: what holds a workspace's
 * data is removed by people, or by whoever was given the second table too.
 */
export const RIGHTS: readonly Right[] = [
  { kind: 'VolumeSnapshot', verbs: ['get', 'list'], actions: CHANGES, why: 'list snapshots' },
  {
    kind: 'VolumeSnapshot',
    verbs: ['create'],
    actions: ['snapshot', 'restore', 'restore_files', 'undo', 'clone'],
    why: 'take snapshots'
  },
  { kind: 'VolumeSnapshot', verbs: ['patch'], actions: [], why: 'pin a snapshot' },
  { kind: 'VolumeSnapshot', verbs: ['delete'], actions: ['delete_snapshot'], why: 'remove snapshots' },
  { kind: 'PersistentVolumeClaim', verbs: ['get', 'list'], actions: CHANGES, why: 'find the claim, its size and class' },
  {
    kind: 'PersistentVolumeClaim',
    verbs: ['create'],
    actions: ['restore', 'restore_files', 'clone'],
    why: 'make a claim from a snapshot'
  },
  { kind: 'PersistentVolumeClaim', verbs: ['patch'], actions: [], why: 'note on a claim what took its place' },
  { kind: 'Deployment', verbs: ['get', 'list'], actions: CHANGES, why: 'find workspaces' },
  {
    kind: 'Deployment',
    verbs: ['patch'],
    actions: ['restore', 'undo'],
    why: 'give a workspace another claim, and the old one back'
  },
  { kind: 'Deployment', verbs: ['create'], actions: ['clone'], why: 'make a clone' },
  { kind: 'Service', verbs: ['get', 'create'], actions: ['clone'], why: 'make a clone reachable' },
  {
    kind: 'Job',
    verbs: ['get', 'create', 'delete'],
    actions: ['restore', 'restore_files'],
    why: 'read a restored volume, copy files from one'
  },
  {
    kind: 'ConfigMap',
    verbs: ['get', 'list', 'create', 'patch', 'delete'],
    actions: CHANGES,
    why: 'keep the record of operations'
  },
  { kind: 'Lease', verbs: ['get', 'create', 'patch'], actions: CHANGES, why: 'let one operation at a time be at work' },
  { kind: 'Pod', verbs: ['get', 'list'], actions: [], why: 'find the own workspace; say why a pod is not ready' },
  { kind: 'ReplicaSet', verbs: ['get'], actions: [], why: 'find the own workspace' },
  { kind: 'Event', verbs: ['list'], actions: [], why: 'say why something is not ready' }
];

/** Asked for separately: with these, data can be removed. */
export const REMOVAL_RIGHTS: readonly Right[] = [
  {
    kind: 'PersistentVolumeClaim',
    verbs: ['delete'],
    actions: ['delete_workspace'],
    why: 'remove a workspace, and what a restore that failed had made'
  },
  { kind: 'Deployment', verbs: ['delete'], actions: ['delete_workspace'], why: 'remove a workspace' },
  { kind: 'Service', verbs: ['delete'], actions: ['delete_workspace'], why: 'remove a workspace' }
];

export const groupOf = (kind: Kind): string =>
  RESOURCES[kind].apiVersion.includes('/') ? RESOURCES[kind].apiVersion.split('/')[0] : '';

export interface MissingRight extends Pick<Right, 'actions' | 'why'> {
  verb: string;
  /** It is one of those that are asked for separately. */
  removal: boolean;
}

/**
 * Which of the rights are missing, by the cluster's own word on whoever asks.
 * @returns for each missing verb, `create volumesnapshots.snapshot.storage.k8s.io` and the actions it keeps from being done; nothing
 *   where the cluster's authoriser cannot list rights: calls are then refused one by one
 */
export async function missingRights(cluster: Cluster): Promise<MissingRight[]> {
  const review = await cluster.create('SelfSubjectRulesReview', { spec: { namespace: cluster.namespace } });
  if (review.status?.incomplete) {
    return [];
  }
  return [...RIGHTS, ...REMOVAL_RIGHTS].flatMap(right =>
    right.verbs
      .filter(verb => !allows(review, right.kind, verb))
      .map(verb => ({ ...right, verb: `${verb} ${resourceName(right.kind)}`, removal: REMOVAL_RIGHTS.includes(right) }))
  );
}

/** One right, by the cluster's own word; also of what is in no namespace. */
export async function mayDo(cluster: Cluster, verb: string, kind: Kind): Promise<boolean> {
  const { plural, clusterWide } = RESOURCES[kind];
  const namespace = clusterWide ? undefined : cluster.namespace;
  const resourceAttributes = { verb, group: groupOf(kind), resource: plural, namespace };
  const { status } = await cluster.create('SelfSubjectAccessReview', { spec: { resourceAttributes } });
  return status?.allowed ?? false;
}

export const resourceName = (kind: Kind): string => [RESOURCES[kind].plural, groupOf(kind)].filter(part => part !== '').join('.');

/** Verbs that a Role can restrict to names. */
const NAMED = ['get', 'patch', 'delete'];

function allows({ status }: V1SelfSubjectRulesReview, kind: Kind, verb: string): boolean {
  const has = (list: string[] | undefined, value: string) => list?.some(one => one === '*' || one === value) ?? false;
  return (
    status?.resourceRules?.some(
      rule =>
        has(rule.verbs, verb) &&
        has(rule.apiGroups, groupOf(kind)) &&
        has(rule.resources, RESOURCES[kind].plural) &&
        // For some names only: whether for this one, the call itself will tell.
        (!rule.resourceNames?.length || NAMED.includes(verb))
    ) ?? false
  );
}
