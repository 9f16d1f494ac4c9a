import { dumpYaml } from '@kubernetes/client-node';
import { TOOLKIT_PREFIX } from './names';
import { groupOf, REMOVAL_RIGHTS, RIGHTS, type Right } from './rights';
import { RESOURCES } from './kinds';

export interface RoleAsked {
  namespace: string;
  serviceAccount: string;
  /** Only the Deployment of this workspace may be changed. */
  name?: string;
  /** With the rights to remove workspaces. */
  removal: boolean;
  /** With the cluster-wide right to read VolumeSnapshotClasses. */
  classes: boolean;
}

/** The Role that Veilbook needs in a namespace, and its binding, as objects for kubectl apply. */
export function roleFor({ namespace, serviceAccount, name, removal, classes }: RoleAsked): object[] {
  const bound = boundTo({ namespace, serviceAccount });
  return [
    ...bound('Role', 'veilbook-workspace', { namespace }, name === undefined ? rulesOf(RIGHTS) : narrowed(rulesOf(RIGHTS), name)),
    ...(removal ? bound('Role', 'veilbook-workspace-removal', { namespace }, rulesOf(REMOVAL_RIGHTS)) : []),
    ...(classes
      ? bound('ClusterRole', `veilbook-classes-${namespace}`, {}, [
          { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: ['list'] }
        ])
      : [])
  ];
}

/** Makes a role, and its binding to a service account. */
export const boundTo =
  ({ namespace, serviceAccount }: Pick<RoleAsked, 'namespace' | 'serviceAccount'>) =>
  (kind: 'Role' | 'ClusterRole', name: string, place: object, rules: object[]): object[] => [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, ...place }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: `${kind}Binding`,
      metadata: { name, ...place },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }]
    }
  ];

/** As files for kubectl. */
export const yamlOf = (objects: readonly object[]): string => objects.map(object => dumpYaml(object).trimEnd()).join('\n---\n');

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** RBAC can tie changes to names, but neither lists nor what is made. */
function narrowed(rules: readonly Rule[], workspace: string): Rule[] {
  return rules.flatMap(rule =>
    rule.resources[0] === 'deployments'
      ? [
          { ...rule, verbs: rule.verbs.filter(verb => verb !== 'patch') },
          { ...rule, resourceNames: [`${TOOLKIT_PREFIX}${workspace}`, workspace], verbs: ['patch'] }
        ]
      : [rule]
  );
}

/** One rule for each resource. */
export function rulesOf(rights: readonly Pick<Right, 'kind' | 'verbs'>[]): Rule[] {
  return [...new Set(rights.map(({ kind }) => kind))].map(kind => ({
    apiGroups: [groupOf(kind)],
    resources: [RESOURCES[kind].plural],
    verbs: [...new Set(rights.filter(right => right.kind === kind).flatMap(({ verbs }) => verbs))]
  }));
}
