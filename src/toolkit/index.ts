/** The toolkit's objects on Kubernetes. Read only by those who have a cluster: its client is large. */
import { openCluster, type KubernetesOptions } from '../workspaces/kubernetes';
import { type Cluster } from '../workspaces/kubernetes/cluster';

export { openKubernetesWorkspace, yamlOf } from '../workspaces/kubernetes';
export { findHome } from '../workspaces/kubernetes/home';
export { type Cluster } from '../workspaces/kubernetes/cluster';
export { type MadeClaim, type Waiting } from './claim-make';
export { migrationOf } from './migrate';
export { type Migration, type Risk } from './migration';
export { wholeObject } from './objects';
export { s3RoleFor, tritonRoleFor, volumeRoleFor, workspaceRoleFor } from './role';
export { createS3Job, deleteS3Job, showS3Job, waitForS3Job } from './s3-job';
export { createAuthority, createS3Secret, deleteKeys } from './s3-keys';
export { s3JobFor, type S3JobRequest } from './s3-manifest';
export { createSnapshot, type SnapshotVolumeRequest } from './snapshot-create';
export { listVolumeSnapshots, type VolumeSnapshotRow } from './snapshot-list';
export { createTritonServer, type MadeTritonServer, type Making } from './triton-create';
export { deleteTritonServer, removableTritonServer, type RemovableTritonServer } from './triton-delete';
export { findTritonServer, listTritonServers } from './triton-list';
export { TRITON_IMAGE, tritonObjects, type TritonObjects, type TritonRequest } from './triton-manifest';
export { cloneVolume, createVolume, type ClonedVolume, type CloneVolumeRequest } from './volume-create';
export { removableSnapshot, removableVolume, removeAll, type Removal } from './volume-delete';
export { listVolumes } from './volume-list';
export { ACCESS_MODES, volumeObject, type VolumeRequest } from './volume-manifest';
export { restoreVolume, type RestoredVolume } from './volume-restore';
export { type Volume } from './volume-view';
export { createWorkspace, dropSecret, sameWorkspace, tryWorkspace, type MadeWorkspace } from './workspace-create';
export { WORKSPACE_IMAGE, workspaceObjects, type WorkspaceRequest } from './workspace-manifest';
export { newToken, type Entrance } from './workspace-secret';
export { listJupyterLabs, type WorkspaceRow } from './workspace-list';
export { workspaceOfSnapshot } from './workspace-of';

/** What is to be done there: `veilbook rbac --WHAT` prints the Role for it. */
export type Purpose = 'triton' | 'volumes' | 'jupyterlab' | 's3';

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export const openToolkit = async (
  where: Pick<KubernetesOptions, 'namespace' | 'config'> = {},
  purpose: Purpose = 'triton'
): Promise<Cluster> => openCluster({ ...where, role: inNamespace => `veilbook rbac --${purpose} --namespace ${inNamespace}` });
