import { spawn } from 'node:child_process';
import { VeilError } from '../protocol';
import { type Program, runShard } from '../jobs/shard';
import { print } from './output';

export interface RunFlags {
  results: string;
  shards: number;
}

const COMMANDS = ['evaluate', 'sweep'];

/** `veilbook job run`: what the pods of a Job with results run. Kubernetes gives each its number. */
export async function jobRun(command: string[], { results, shards }: RunFlags): Promise<void> {
  const shard = shardHere(shards);
  if (!COMMANDS.includes(command[0])) {
    throw new VeilError('bad_request', `A shard runs ${COMMANDS.join(' or ')}, not ${command[0]}.`, '');
  }
  const job = /^[\w-]+$/.exec(process.env.VEILBOOK_JOB ?? '')?.[0] ?? '';
  process.exitCode = await runShard({ results, shards, shard, job, command }, program, print);
}

function shardHere(shards: number): number {
  const text = process.env.JOB_COMPLETION_INDEX ?? (shards === 1 ? '0' : '');
  if (!/^\d+$/.test(text) || Number(text) >= shards) {
    throw new VeilError(
      'bad_request',
      `JOB_COMPLETION_INDEX is ${text || 'not set'}, and does not say which of ${shards} shards this is.`,
      'An Indexed Job sets it: veilbook job manifest prints one.'
    );
  }
  return Number(text);
}

/** This command line again. Told to stop, it lets the other one stop as by Ctrl-C, which keeps what is done. */
const program: Program = (args, output) =>
  new Promise((done, fail) => {
    const drops = output === 'drop';
    const child = spawn(process.execPath, [process.argv[1], ...args], {
      stdio: ['ignore', drops ? 'ignore' : 'pipe', 'inherit']
    });
    const stop = () => child.kill('SIGINT');
    const signals = ['SIGINT', 'SIGTERM'] as const;
    signals.forEach(signal => process.on(signal, stop));
    const parts: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => parts.push(part));
    child.on('error', fail);
    child.on('close', code => {
      signals.forEach(signal => process.off(signal, stop));
      const printed = Buffer.concat(parts).toString('utf8');
      if (output === 'show' && printed.trim() !== '') {
        print(printed.trimEnd());
      }
      // Ended by a signal: the kernel's doing, mostly for memory, and worth another try.
      done({ code: code ?? 137, printed });
    });
  });
