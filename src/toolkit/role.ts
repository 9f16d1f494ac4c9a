import { type Kind } from '../workspaces/kubernetes/kinds';
import { boundTo, rulesOf } from '../workspaces/kubernetes/role';

/** All that making, listing and removing Triton servers asks of a namespace. It never watches and changes no object that is there. */
const TRITON_RIGHTS: readonly { kind: Kind; verbs: readonly string[]; why: string }[] = [
  { kind: 'Deployment', verbs: ['get', 'list', 'create', 'delete'], why: 'make, find and remove servers' },
  { kind: 'Service', verbs: ['get', 'list', 'create', 'delete'], why: 'make them reachable, say where they are' },
  // Whoever may create Deployments may run any pod by them.
  { kind: 'Pod', verbs: ['list', 'create'], why: 'say how they are; try one without making it, so that quota speaks before' },
  { kind: 'PersistentVolumeClaim', verbs: ['get'], why: 'see that the models are there' },
  { kind: 'Event', verbs: ['list'], why: 'say why a server does not start' }
];

/** All that volumes and their snapshots ask of a namespace. */
const VOLUME_RIGHTS: typeof TRITON_RIGHTS = [
  { kind: 'PersistentVolumeClaim', verbs: ['get', 'list', 'create', 'delete'], why: 'make, clone, list and remove volumes' },
  { kind: 'VolumeSnapshot', verbs: ['get', 'list', 'create', 'delete'], why: 'take, list and remove snapshots' },
  { kind: 'Pod', verbs: ['list'], why: 'see what mounts a volume before it is removed' },
  { kind: 'Deployment', verbs: ['list'], why: 'likewise' },
  { kind: 'Event', verbs: ['list'], why: 'say why a volume is not bound' }
];

/** The Role for volumes and their snapshots in a namespace, and its binding. */
export const volumeRoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-volumes', { namespace: who.namespace }, rulesOf(VOLUME_RIGHTS));

/** All that making and listing workspaces asks of a namespace; what is done with one afterwards is in the Role of workspaces. */
const WORKSPACE_RIGHTS: typeof TRITON_RIGHTS = [
  {
    kind: 'Deployment',
    verbs: ['get', 'list', 'create', 'delete'],
    why: 'make and list workspaces, take back what is half made'
  },
  { kind: 'Service', verbs: ['get', 'list', 'create', 'delete'], why: 'likewise' },
  { kind: 'PersistentVolumeClaim', verbs: ['get', 'list', 'create', 'delete'], why: 'likewise' },
  { kind: 'Secret', verbs: ['create', 'delete'], why: 'keep the password; none is read' },
  { kind: 'VolumeSnapshot', verbs: ['get', 'list'], why: 'say what a clone is of' },
  { kind: 'Pod', verbs: ['list', 'create'], why: 'say how it is; try one without making it, so that quota speaks before' },
  { kind: 'Event', verbs: ['list'], why: 'say why a workspace does not start' }
];

/** The Role for making workspaces in a namespace, and its binding. */
export const workspaceRoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-jupyterlab', { namespace: who.namespace }, rulesOf(WORKSPACE_RIGHTS));

/** All that copies between buckets and volumes ask of a namespace. No Secret is read: the pod mounts it. */
const S3_RIGHTS: typeof TRITON_RIGHTS = [
  { kind: 'Job', verbs: ['get', 'create', 'delete'], why: 'start, show and remove copies' },
  { kind: 'Secret', verbs: ['get', 'create', 'delete'], why: 'keep keys; looked at before one is removed' },
  { kind: 'ConfigMap', verbs: ['get', 'create', 'delete'], why: 'keep certificates, see that they are there' },
  { kind: 'PersistentVolumeClaim', verbs: ['get'], why: 'see that the volume is there' },
  { kind: 'Pod', verbs: ['list'], why: 'say how a copy is' },
  { kind: 'Event', verbs: ['list'], why: 'say why it does not begin' }
];

/** The Role for copies in a namespace, and its binding. */
export const s3RoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-s3', { namespace: who.namespace }, [
    ...rulesOf(S3_RIGHTS),
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }
  ]);

/** The Role for Triton servers in a namespace, and its binding, as objects for kubectl apply. */
export const tritonRoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-triton', { namespace: who.namespace }, rulesOf(TRITON_RIGHTS));
