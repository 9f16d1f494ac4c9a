import { Type } from '@sinclair/typebox';
import { InspectedTail, TailList, TailUrl } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

/** Model servers that a tail could run on. No answer has a header, a token or the name of a key file in it. */
export function serverRoutes(app: App, { tails }: SidecarContext): void {
  app.get(
    '/v1/servers',
    {
      schema: {
        description: 'servers of servers.json, policies, the ledger and the cluster; none of them is asked',
        response: answers(TailList)
      }
    },
    async () => tails.list()
  );

  app.get(
    '/v1/servers/inspect',
    {
      schema: {
        description: 'asks one server about a model of its own, unless nothing may leave for it; no tensor is sent',
        querystring: Type.Object({ url: TailUrl }, { additionalProperties: false }),
        response: answers(InspectedTail)
      }
    },
    async ({ query }) => tails.inspect(query.url)
  );
}
