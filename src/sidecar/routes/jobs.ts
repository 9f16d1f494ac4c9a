import { Type } from '@sinclair/typebox';
import { BatchList, BatchLog, BatchRemoved, BatchRequest, BatchSubmitted, BatchView } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

const Named = Type.Object({
  name: Type.String({ maxLength: 52, pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', description: 'the name of a Job' })
});
const Shard = Type.Object(
  { shard: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999, description: 'of this one alone' })) },
  { additionalProperties: false }
);

/**
 * Evaluations and sweeps as Jobs on Kubernetes, in the namespace of this pod or of the kubeconfig. Where no cluster is named, and
 * where it does not answer, every one of them is `cluster_unavailable`.
 */
export function jobRoutes(app: App, { batchJobs }: SidecarContext): void {
  app.get(
    '/v1/jobs',
    { schema: { description: 'how far their pods are is not asked', response: answers(BatchList) } },
    async () => batchJobs.list()
  );

  app.post('/v1/jobs', { schema: { body: BatchRequest, response: answers(BatchSubmitted) } }, async ({ body }) =>
    batchJobs.submit(body)
  );

  app.get('/v1/jobs/:name', { schema: { params: Named, response: answers(BatchView) } }, async ({ params }) =>
    batchJobs.view(params.name)
  );

  app.get(
    '/v1/jobs/:name/logs',
    { schema: { params: Named, querystring: Shard, response: answers(BatchLog) } },
    async ({ params, query }) => batchJobs.logs(params.name, query.shard)
  );

  app.delete(
    '/v1/jobs/:name',
    {
      schema: { description: 'with its pods; what it wrote to the claim stays', params: Named, response: answers(BatchRemoved) }
    },
    async ({ params }) => batchJobs.remove(params.name)
  );
}
