/** Jobs on Kubernetes. Read only by those who have a cluster: its client is large. */
import { openCluster, type KubernetesOptions } from '../workspaces/kubernetes';

export { yamlOf } from '../workspaces/kubernetes';
export { type Cluster } from '../workspaces/kubernetes/cluster';
export { followLogs, logsOf, type Following } from './logs';
export { jobOf, listJobs, Watcher, type Looked } from './look';
export { objectsFor } from './objects';
export { removeJob } from './remove';
export { resultOf } from './result';
export { jobRoleFor } from './role';
export { submit, type Submitted } from './submit';
export { isOver } from './view';
export { waitForJob, type Ended, type Waiting } from './wait';

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export const openJobs = (where: Pick<KubernetesOptions, 'namespace' | 'config'> = {}) =>
  openCluster({ ...where, role: inNamespace => `veilbook rbac --jobs --namespace ${inNamespace}` });
