/** The toolkit's objects on Kubernetes. Read only by those who have a cluster: its client is large. */
import { openCluster, type KubernetesOptions } from '../workspaces/kubernetes';
import { type Cluster } from '../workspaces/kubernetes/cluster';

export { yamlOf } from '../workspaces/kubernetes';
export { type Cluster } from '../workspaces/kubernetes/cluster';
export { wholeObject } from './objects';
export { tritonRoleFor } from './role';
export { createTritonServer, type MadeTritonServer, type Making } from './triton-create';
export { deleteTritonServer, removableTritonServer, type RemovableTritonServer } from './triton-delete';
export { findTritonServer, listTritonServers } from './triton-list';
export { TRITON_IMAGE, tritonObjects, type TritonObjects, type TritonRequest } from './triton-manifest';

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export const openToolkit = async (where: Pick<KubernetesOptions, 'namespace' | 'config'> = {}): Promise<Cluster> =>
  openCluster({ ...where, role: inNamespace => `veilbook rbac --triton --namespace ${inNamespace}` });
