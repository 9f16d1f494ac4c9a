import { Command, InvalidArgumentError, Option } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { measureThroughput, measureWays, startEchoServer, type EchoPorts, type Throughput, type Way } from '../egress/bench';
import { VeilError } from '../protocol';
import { milliseconds, print } from './output';

interface EgressBenchFlags {
  server?: string;
  rounds: number;
  modelMs: number;
  json?: boolean;
}

const BLOCKS = 7;

export function benchEgressCommand(): Command {
  return new Command('egress')
    .description('an activation of 512 KiB to a model server and back: binary tensors over HTTP, gRPC, JSON arrays')
    .option('--server <url>', 'triton://host:port/model to measure with (default: an echo in a process of its own, on loopback)')
    .addOption(new Option('--rounds <n>', 'interleaved rounds').argParser(amount).default(60))
    .addOption(new Option('--model-ms <n>', "milliseconds of the echo's model for the throughput").argParser(amount).default(5))
    .option('--json', 'print one JSON document')
    .action((flags: EgressBenchFlags) => benchEgress(flags));
}

/** The other process of `bench egress`: serves until its standard input ends. */
export function echoServerCommand(): Command {
  return new Command('echo-server').action(async () => {
    const { ports } = await startEchoServer();
    print(JSON.stringify(ports));
    process.stdin.resume().once('end', () => process.exit(0));
  });
}

function amount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 10000.');
  }
  return value;
}

async function benchEgress({ server, rounds, modelMs, json }: EgressBenchFlags): Promise<void> {
  const echo = server === undefined ? await startEcho() : null;
  try {
    const base = echo && `triton://127.0.0.1:${echo.ports.http}`;
    const urls = echo ? [`${base}/echo`, `triton+grpc://127.0.0.1:${echo.ports.grpc}/echo`] : [server!];
    const { bytes, ways } = await measureWays(urls, rounds, echo !== null);
    const throughput = [await measureThroughput(echo ? 'the echo' : 'the model', urls[0], BLOCKS)];
    if (echo) {
      const name = `a model of ${modelMs} ms with cores for all`;
      throughput.push(await measureThroughput(name, `${base}/echo-${modelMs}`, BLOCKS));
    }
    const where = echo ? 'loopback, the server in a process of its own' : server!;
    print(json ? { schema: 1, where, bytes, rounds, ways, throughput } : describe(where, bytes, ways, throughput));
  } finally {
    echo?.stop();
  }
}

/** This program again, as the server. */
async function startEcho(): Promise<{ ports: EchoPorts; stop(): void }> {
  const child = spawn(process.execPath, [process.argv[1], 'bench', 'echo-server'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [''])]);
  if (!String(line).startsWith('{')) {
    throw new VeilError('internal', 'The server to measure with did not start.', 'Run it again with the log beside it.');
  }
  return { ports: JSON.parse(String(line)) as EchoPorts, stop: () => child.stdin.end() };
}

function describe(where: string, bytes: number, ways: Way[], throughput: Throughput[]): string {
  const slowest = ways[ways.length - 1];
  const row = ({ name, median_ms, best_ms }: Way) =>
    `${name.padEnd(24)}${milliseconds(median_ms).padStart(10)}${milliseconds(best_ms).padStart(10)}` +
    `${(slowest.median_ms / median_ms).toFixed(1).padStart(9)}x`;
  return [
    `${bytes / 1024} KiB to a model server and its outputs back (${where})`,
    '',
    `${''.padEnd(24)}${'median'.padStart(10)}${'best'.padStart(10)}${'ratio'.padStart(10)}`,
    ...ways.map(row),
    '',
    ...throughput.map(
      each =>
        `${each.name}: ${each.one_at_a_time_per_s.toFixed(0)} exchanges/s one at a time, ` +
        `${each.in_flight_per_s.toFixed(0)} with ${each.in_flight} in flight (${each.ratio.toFixed(2)}x)`
    )
  ].join('\n');
}
