import { destinationOf, ModelServer, parseTailUrl, type ModelStatistics } from './kserve';
import { connectionFor } from './servers-file';

export interface Inspected {
  destination: string;
  model: string;
  platform: string;
  versions: string[];
  inputs: ModelServer['metadata']['inputs'];
  outputs: ModelServer['metadata']['outputs'];
  /** What an export wrote into the model's configuration. */
  parameters: Record<string, string>;
  statistics: ModelStatistics['model_stats'];
}

/**
 * What a server says of a model of its own: no tensor is sent.
 * @param url `TailUrl`
 * @param within milliseconds for all of it, where the user's servers.json says no other
 * @throws VeilError `bad_request`, `server_unavailable`, `server_mismatch`, `timed_out`
 */
export async function inspect(url: string, within?: number): Promise<Inspected> {
  const address = parseTailUrl(url);
  const destination = destinationOf(address);
  const server = await ModelServer.connect(address, { ...(within && { deadlineMs: within }), ...connectionFor(destination) });
  try {
    const { model_stats: statistics } = await server.statistics();
    const settings = Object.entries((await server.settings()).parameters);
    const parameters = Object.fromEntries(settings.map(([name, { string_value: value }]) => [name, value]));
    return { destination, model: address.model, ...server.metadata, parameters, statistics };
  } finally {
    await server.close();
  }
}
