import { type BatchRequest } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { dataOf } from './data';
import { jobFor } from './manifest';

/**
 * A Job as objects for `kubectl create -f`. Only a snapshot has to be looked up: a claim from it has the size and class of the
 * claim that it was taken of.
 * @param open the cluster, asked for only then
 * @throws VeilError `bad_request`, `bad_alpha`; with a snapshot also what the cluster says
 */
export async function objectsFor(request: BatchRequest, namespace: string | undefined, open: () => Cluster): Promise<object[]> {
  const whole = (apiVersion: string, kind: string, { metadata, ...rest }: { metadata?: object }) => ({
    apiVersion,
    kind,
    metadata: { ...metadata, ...(namespace !== undefined && { namespace }) },
    ...rest
  });
  if (request.snapshot === undefined) {
    return [whole('batch/v1', 'Job', jobFor(request))];
  }
  jobFor(request);
  const data = await dataOf(open(), request);
  return [whole('v1', 'PersistentVolumeClaim', data.clone!), whole('batch/v1', 'Job', jobFor(data.request))];
}
