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

/** The Role for Triton servers in a namespace, and its binding, as objects for kubectl apply. */
export const tritonRoleFor = (who: { namespace: string; serviceAccount: string }): object[] =>
  boundTo(who)('Role', 'veilbook-triton', { namespace: who.namespace }, rulesOf(TRITON_RIGHTS));
