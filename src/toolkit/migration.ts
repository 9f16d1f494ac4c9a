import { type V1Container, type V1Deployment, type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { nameOf, TOOLKIT_CLONE_SNAPSHOT, TOOLKIT_PREFIX, WORKSPACE_LABEL } from '../workspaces/kubernetes/names';
import { type VolumeSnapshot } from '../workspaces/kubernetes/volume-snapshot';
import { SERVER_LABEL } from './triton-names';

/** What of a namespace is looked at. */
export interface Inventory {
  namespace: string;
  claims: readonly V1PersistentVolumeClaim[];
  snapshots: readonly VolumeSnapshot[];
  deployments: readonly V1Deployment[];
}

/** Something that the toolkit left, and that loses data, leaks a password, or keeps room. */
export interface Risk {
  kind:
    | 'leaked-snapshot'
    | 'password-in-arguments'
    | 'crossed-names'
    | 'unbound-shared-claim'
    | 'two-pods-one-volume'
    | 'no-startup-probe';
  /** KIND/NAME, as kubectl takes it. */
  object: string;
  why: string;
  /** Commands that mend it, in their order. None of them was run. */
  mend: string[];
}

/** What a namespace holds of the toolkit's, and what is at risk there. */
export interface Migration {
  namespace: string;
  workspaces: string[];
  triton_servers: string[];
  volumes: string[];
  snapshots: string[];
  risks: Risk[];
}

/** Of what a namespace has, without asking anybody. */
export function migrationFrom(all: Inventory): Migration {
  const theirs = all.deployments.filter(isTheirs);
  const labelled = (label: string) => theirs.flatMap(({ metadata }) => metadata?.labels?.[label] ?? []).sort();
  return {
    namespace: all.namespace,
    workspaces: labelled(WORKSPACE_LABEL),
    triton_servers: labelled(SERVER_LABEL),
    volumes: all.claims.filter(isTheirs).map(nameOf).sort(),
    snapshots: all.snapshots
      .map(nameOf)
      .filter(name => name.startsWith('ntap-dsutil.'))
      .sort(),
    risks: [leakedSnapshots, passwords, crossedNames, unboundClaims, twoPods, startupProbes].flatMap(look => look(all))
  };
}

/** Made by the toolkit and not by `veilbook`, which writes the same label beside its own. */
const isTheirs = ({ metadata }: V1Deployment | V1PersistentVolumeClaim): boolean =>
  metadata?.labels?.['created-by'] === 'ntap-dsutil' && metadata.labels['app.kubernetes.io/managed-by'] !== 'veilbook';

const workspacesOf = ({ deployments }: Inventory) =>
  deployments.filter(one => isTheirs(one) && one.metadata?.labels?.[WORKSPACE_LABEL] !== undefined);

const serversOf = ({ deployments }: Inventory) =>
  deployments.filter(one => isTheirs(one) && one.metadata?.labels?.[SERVER_LABEL] !== undefined);

/** The toolkit takes one for each clone and never removes it. A claim that is still being filled from it needs it. */
function leakedSnapshots({ namespace, claims, snapshots }: Inventory): Risk[] {
  const filling = new Set(
    claims.filter(({ status }) => status?.phase !== 'Bound').flatMap(({ spec }) => spec?.dataSource?.name ?? [])
  );
  return snapshots
    .map(nameOf)
    .filter(name => name.startsWith(TOOLKIT_CLONE_SNAPSHOT) && !filling.has(name))
    .map(name => ({
      kind: 'leaked-snapshot',
      object: `volumesnapshot/${name}`,
      why: 'It was taken for a clone and is kept for ever: it holds room. With some drivers the clone needs it as long as it lives.',
      mend: [`veilbook delete volume-snapshot --snapshot-name=${name} --namespace=${namespace}`]
    }));
}

function passwords(all: Inventory): Risk[] {
  return workspacesOf(all)
    .filter(one => containersOf(one).some(({ command = [], args = [] }) => [...command, ...args].some(isPassword)))
    .map(one => {
      const name = one.metadata!.labels![WORKSPACE_LABEL];
      const claim = claimOf(one) ?? nameOf(one);
      const size = all.claims.find(each => nameOf(each) === claim)?.status?.capacity?.storage ?? 'SIZE';
      return {
        kind: 'password-in-arguments',
        object: `deployment/${nameOf(one)}`,
        why: 'Whoever may read Deployments or Pods here reads the hash of its password, and can try passwords against it.',
        mend: [
          `veilbook clone volume --new-pvc-name=${name}-moved --source-pvc-name=${claim} --namespace=${all.namespace}`,
          `veilbook create jupyterlab --workspace-name=${name}-2 --size=${size} --mount-pvc=${name}-moved:/workspace/${name} --namespace=${all.namespace}`
        ]
      };
    });
}

const isPassword = (word: string): boolean => /\.(hashed_)?password=./.test(word);

/** A server gets a workspace's label, so that Services and Deployments of both select each other's pods. */
function crossedNames(all: Inventory): Risk[] {
  const workspaces = new Set(all.deployments.flatMap(({ metadata }) => metadata?.labels?.[WORKSPACE_LABEL] ?? []));
  return serversOf(all)
    .filter(({ metadata }) => metadata!.labels!.app === `${TOOLKIT_PREFIX}${metadata!.labels![SERVER_LABEL]}`)
    .filter(({ metadata }) => workspaces.has(metadata!.labels![SERVER_LABEL]))
    .map(one => {
      const name = one.metadata!.labels![SERVER_LABEL];
      return {
        kind: 'crossed-names',
        object: `deployment/${nameOf(one)}`,
        why: `A workspace has its name: requests to either go to both, and either may end the other’s pods.`,
        mend: [
          `veilbook delete triton-server --server-name=${name} --namespace=${all.namespace}`,
          `veilbook create triton-server --server-name=${name}-triton --model-repo-pvc-name=${claimOf(one) ?? 'CLAIM'} --namespace=${all.namespace}`
        ]
      };
    });
}

/** The toolkit asks for ReadWriteMany always, and waits for ever where the driver has none. */
function unboundClaims({ namespace, claims }: Inventory): Risk[] {
  return claims
    .filter(one => isTheirs(one) && one.status?.phase === 'Pending' && one.spec?.accessModes?.includes('ReadWriteMany'))
    .map(one => ({
      kind: 'unbound-shared-claim',
      object: `persistentvolumeclaim/${nameOf(one)}`,
      why: 'It asks for a volume that several nodes write to, and has none yet: many drivers have no such volumes.',
      mend: [
        `veilbook delete volume --pvc-name=${nameOf(one)} --namespace=${namespace}`,
        `veilbook create volume --pvc-name=${nameOf(one)} --size=${one.spec?.resources?.requests?.storage ?? 'SIZE'} --access-mode=ReadWriteOnce --namespace=${namespace}`
      ]
    }));
}

/** A rolling update starts the next pod beside the last one, which a volume for one node does not allow. */
function twoPods(all: Inventory): Risk[] {
  const single = new Set(all.claims.filter(({ spec }) => !spec?.accessModes?.includes('ReadWriteMany')).map(nameOf));
  return workspacesOf(all)
    .filter(one => one.spec?.strategy?.type !== 'Recreate' && single.has(claimOf(one) ?? ''))
    .map(one => ({
      kind: 'two-pods-one-volume',
      object: `deployment/${nameOf(one)}`,
      why: 'Its volume can be used on one node at a time, and a change starts a second pod beside the first: it waits, or both write.',
      mend: [
        `kubectl patch deployment ${nameOf(one)} --namespace=${all.namespace} --patch '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`
      ]
    }));
}

function startupProbes(all: Inventory): Risk[] {
  return serversOf(all)
    .filter(one => containersOf(one).some(({ livenessProbe, startupProbe }) => livenessProbe && !startupProbe))
    .map(one => ({
      kind: 'no-startup-probe',
      object: `deployment/${nameOf(one)}`,
      why: 'A server that takes more than half a minute to read its models is ended before it is done, again and again.',
      mend: [
        `veilbook delete triton-server --server-name=${one.metadata!.labels![SERVER_LABEL]} --namespace=${all.namespace}`,
        `veilbook create triton-server --server-name=${one.metadata!.labels![SERVER_LABEL]} --model-repo-pvc-name=${claimOf(one) ?? 'CLAIM'} --namespace=${all.namespace}`
      ]
    }));
}

const containersOf = ({ spec }: V1Deployment): V1Container[] => spec?.template.spec?.containers ?? [];

/** Of the workspace's own volume, or of a server's models: the toolkit calls them by these names. */
function claimOf({ spec }: V1Deployment): string | undefined {
  const own = spec?.template.spec?.volumes?.find(({ name }) => name === 'workspace' || name === 'model-repo');
  return own?.persistentVolumeClaim?.claimName;
}
