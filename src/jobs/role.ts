import { boundTo, rulesOf } from '../workspaces/kubernetes/role';
import { type Kind } from '../workspaces/kubernetes/kinds';

/** All that `veilbook job` asks of a namespace. It never watches, changes no object that is there, and removes nothing but Jobs. */
const RIGHTS: readonly { kind: Kind; verbs: readonly string[]; why: string }[] = [
  { kind: 'Job', verbs: ['get', 'list', 'create', 'delete'], why: 'make, find and remove Jobs' },
  // Whoever may create Jobs may run any pod by them.
  { kind: 'Pod', verbs: ['list', 'create'], why: 'follow them; try one without making it, so that quota speaks before' },
  { kind: 'PersistentVolumeClaim', verbs: ['get', 'create'], why: 'see that the data are there; clone a snapshot' },
  { kind: 'VolumeSnapshot', verbs: ['get', 'list'], why: 'find the snapshot that is to be read' },
  { kind: 'Event', verbs: ['list'], why: 'say why a pod does not start' }
];

/** The Role for `veilbook job` in a namespace, and its binding, as objects for kubectl apply. */
export const jobRoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-job', { namespace: who.namespace }, [
    ...rulesOf(RIGHTS),
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }
  ]);
