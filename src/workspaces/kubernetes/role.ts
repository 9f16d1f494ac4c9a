import { dumpYaml } from '@kubernetes/client-node';
import { groupOf, REMOVAL_RIGHTS, RIGHTS, type Right } from './rights';
import { RESOURCES } from './kinds';

export interface RoleAsked {
  namespace: string;
  serviceAccount: string;
  /** With the rights to remove workspaces. */
  removal: boolean;
  /** With the cluster-wide right to read VolumeSnapshotClasses. */
  classes: boolean;
}

/** The Role that Veilbook needs in a namespace, and its binding, as objects for kubectl apply. */
export function roleFor({ namespace, serviceAccount, removal, classes }: RoleAsked): object[] {
  const subjects = [{ kind: 'ServiceAccount', name: serviceAccount, namespace }];
  const bound = (kind: 'Role' | 'ClusterRole', name: string, place: object, rules: object[]) => [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, ...place }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: `${kind}Binding`,
      metadata: { name, ...place },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects
    }
  ];
  return [
    ...bound('Role', 'veilbook-workspace', { namespace }, rulesOf(RIGHTS)),
    ...(removal ? bound('Role', 'veilbook-workspace-removal', { namespace }, rulesOf(REMOVAL_RIGHTS)) : []),
    ...(classes
      ? bound('ClusterRole', `veilbook-classes-${namespace}`, {}, [
          { apiGroups: ['snapshot.storage.k8s.io'], resources: ['volumesnapshotclasses'], verbs: ['list'] }
        ])
      : [])
  ];
}

/** As files for kubectl. */
export const yamlOf = (objects: readonly object[]): string => objects.map(object => dumpYaml(object).trimEnd()).join('\n---\n');

/** One rule for each resource. */
function rulesOf(rights: readonly Right[]): object[] {
  return [...new Set(rights.map(({ kind }) => kind))].map(kind => ({
    apiGroups: [groupOf(kind)],
    resources: [RESOURCES[kind].plural],
    verbs: [...new Set(rights.filter(right => right.kind === kind).flatMap(({ verbs }) => verbs))]
  }));
}
