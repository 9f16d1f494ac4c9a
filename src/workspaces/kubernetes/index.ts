/** Workspaces on Kubernetes. A program of its own, read only by those who have a cluster: its client is large. */
export { openCluster, openKubernetesWorkspace, openOwnWorkspace, type KubernetesOptions } from './open';
export { examine, type Finding } from './examine';
export { roleFor, yamlOf, type RoleAsked } from './role';
