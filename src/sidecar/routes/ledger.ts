import { Type } from '@sinclair/typebox';
import { departuresPage, ledgerFolder, receiptOf } from '../../egress';
import { LedgerPage, Receipt } from '../../protocol';
import type { App } from '../context';
import { answers } from './answers';

const Entry = Type.Integer({ minimum: 0, description: 'number of an entry' });
const Page = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 20 }),
    before: Type.Optional(Entry),
    verify: Type.Boolean({ default: false, description: 'look through the whole ledger too' })
  },
  { additionalProperties: false }
);
const Asked = Type.Object({ entry: Entry }, { additionalProperties: false });

/** What left, and whether the record of it is whole. Reads alone. */
export function ledgerRoutes(app: App): void {
  app.get(
    '/v1/ledger',
    {
      schema: { description: 'departures, newest first', querystring: Page, response: answers(LedgerPage) }
    },
    async ({ query }) => departuresPage(query)
  );

  app.get(
    '/v1/ledger/receipt',
    { schema: { description: 'of the departure in this entry', querystring: Asked, response: answers(Receipt) } },
    async ({ query }) => receiptOf(ledgerFolder(), query.entry)
  );
}
