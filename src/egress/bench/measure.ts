import { setTimeout as pause } from 'node:timers/promises';
import { ModelServer, parseTailUrl, type ServerTensor } from '../kserve';
import { BareHttp } from './bare-http';
import { JsonArrays } from './json-arrays';

/** Milliseconds of one exchange, sorted summary over the rounds. */
export interface Way {
  name: string;
  median_ms: number;
  best_ms: number;
}

export interface Throughput {
  name: string;
  in_flight: number;
  one_at_a_time_per_s: number;
  in_flight_per_s: number;
  ratio: number;
}

const WARM_UP = 15;
const BLOCK = 24;
/** Before each exchange: none pays for the garbage that the one before left in either process. */
const REST_MS = 5;
export const IN_FLIGHT = 8;

/** Values on a grid of 2^-10, as an obfuscated activation has them. */
function inputsOf({ metadata }: ModelServer): ServerTensor[] {
  return metadata.inputs.map(({ name, datatype, shape }) => {
    const sides = shape.map(side => (side === -1 ? 1 : side));
    const count = sides.reduce((product, side) => product * side, 1);
    const values = Float32Array.from({ length: count }, (_, k) => (((k * 40503) % 8192) - 4096) / 1024);
    return { name, datatype, shape: sides, data: new Uint8Array(values.buffer) };
  });
}

/**
 * One exchange after another over each address, in turn, and with JSON arrays over the first where that is HTTP.
 * @param urls of models that take float32
 * @param bare also as many bytes by node:http alone: the first address is of the echo server
 */
export async function measureWays(
  urls: readonly string[],
  rounds: number,
  bare = false
): Promise<{ bytes: number; ways: Way[] }> {
  const servers = await Promise.all(urls.map(url => ModelServer.connect(parseTailUrl(url))));
  const inputs = inputsOf(servers[0]);
  const wanted = servers[0].metadata.outputs.map(({ name }) => name);
  const runs = servers.map(server => ({
    name: server.address.scheme === 'grpc' ? 'gRPC' : 'HTTP, binary tensors',
    run: (): Promise<unknown> => server.infer(inputs, wanted),
    times: [] as number[]
  }));
  const { host, port } = servers[0].address;
  const alone = new BareHttp({ host, port });
  if (bare) {
    runs.unshift({ name: 'node:http alone', run: () => alone.echo(inputs[0].data), times: [] });
  }
  const json = new JsonArrays(servers[0].address);
  if (servers[0].address.scheme === 'http' && !servers[0].address.tls) {
    const arrays = inputs.map(({ data, ...rest }) => ({ ...rest, values: new Float32Array(data.buffer) }));
    runs.push({ name: 'HTTP, JSON arrays', run: () => json.infer(arrays, wanted), times: [] });
  }
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const { run, times } of runs) {
      await pause(REST_MS);
      const began = performance.now();
      await run();
      if (round >= 0) {
        times.push(performance.now() - began);
      }
    }
  }
  json.close();
  alone.close();
  await Promise.all(servers.map(server => server.close()));
  const ways = runs.map(({ name, times }) => ({ name, median_ms: medianOf(times), best_ms: Math.min(...times) }));
  return { bytes: inputs.reduce((sum, { data }) => sum + data.length, 0), ways };
}

/** Exchanges a second one at a time and with eight in flight, in turn over blocks of 24; medians. */
export async function measureThroughput(name: string, url: string, blocks: number): Promise<Throughput> {
  const server = await ModelServer.connect(parseTailUrl(url), { maxInFlight: IN_FLIGHT });
  const inputs = inputsOf(server);
  const wanted = server.metadata.outputs.map(output => output.name);
  const perSecond = async (inFlight: number) => {
    let left = BLOCK;
    const work = async () => {
      while (left-- > 0) {
        await server.infer(inputs, wanted);
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: inFlight }, work));
    return (1000 * BLOCK) / (performance.now() - began);
  };
  const [one, many]: [number[], number[]] = [[], []];
  await perSecond(IN_FLIGHT);
  for (let block = 0; block < blocks; block++) {
    one.push(await perSecond(1));
    many.push(await perSecond(IN_FLIGHT));
  }
  await server.close();
  const [single, together] = [medianOf(one), medianOf(many)];
  return { name, in_flight: IN_FLIGHT, one_at_a_time_per_s: single, in_flight_per_s: together, ratio: together / single };
}

function medianOf(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
