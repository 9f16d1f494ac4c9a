import { destinationOf, ModelServer, parseTailUrl, type ModelStatistics } from './kserve';
import { connectionFor } from './servers-file';

export interface Inspected {
  destination: string;
  model: string;
  platform: string;
  versions: string[];
  inputs: ModelServer['metadata']['inputs'];
  outputs: ModelServer['metadata']['outputs'];
  statistics: ModelStatistics['model_stats'];
}

/**
 * What a server says of a model of its own: no tensor is sent.
 * @param url `TailUrl`
 * @throws VeilError `bad_request`, `server_unavailable`, `server_mismatch`, `timed_out`
 */
export async function inspect(url: string): Promise<Inspected> {
  const address = parseTailUrl(url);
  const destination = destinationOf(address);
  const server = await ModelServer.connect(address, connectionFor(destination));
  try {
    const { model_stats: statistics } = await server.statistics();
    return { destination, model: address.model, ...server.metadata, statistics };
  } finally {
    await server.close();
  }
}
