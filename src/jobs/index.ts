/** Jobs on Kubernetes. Read only by those who have a cluster: its client is large. */
export { openCluster, yamlOf } from '../workspaces/kubernetes';
export { objectsFor } from './objects';
