/** The toolkit's objects on Kubernetes. Read only by those who have a cluster: its client is large. */
import { openCluster, type KubernetesOptions } from '../workspaces/kubernetes';
import { type Cluster } from '../workspaces/kubernetes/cluster';

export { type Cluster } from '../workspaces/kubernetes/cluster';
export { findTritonServer, listTritonServers } from './triton-list';

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export const openToolkit = async (where: Pick<KubernetesOptions, 'namespace' | 'config'> = {}): Promise<Cluster> =>
  openCluster({ ...where, role: inNamespace => `veilbook rbac --triton --namespace ${inNamespace}` });
