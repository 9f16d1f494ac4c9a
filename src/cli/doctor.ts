import { Command } from 'commander';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DeviceCatalog } from '../pipeline/devices';
import { requireNode } from '../pipeline/node-version';
import { VeilError } from '../protocol';
import type { Finding } from '../workspaces/kubernetes';
import { print } from './output';

const AFTER = `
Looks only, changes nothing. The cluster is looked at in a pod, and with --namespace or --name. Exit codes: 0 nothing that is
needed is missing; 5 something is, named with its remedy.`;

/** `veilbook doctor`: what this machine, and a cluster, lack. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what is missing: programs, devices, and on Kubernetes rights, snapshot classes, the workspace')
    .option('--namespace <namespace>', 'look at the cluster too (default: of the kubeconfig’s context)')
    .option('--name <name>', 'look at a workspace too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', AFTER)
    .action(doctor);
}

async function doctor({ namespace, name, json }: { namespace?: string; name?: string; json?: boolean }): Promise<void> {
  const findings = [node(), await program('flock', 'util-linux'), await program('git', 'git', 'note'), ...(await devices())];
  if (namespace !== undefined || name !== undefined || process.env.KUBERNETES_SERVICE_HOST !== undefined) {
    const { examine } = await import('../workspaces/kubernetes');
    findings.push(...(await examine({ namespace, name })));
  }
  const missing = findings.filter(({ state }) => state === 'missing');
  print(json ? { schema: 1, healthy: missing.length === 0, findings } : findings.map(line).join('\n'));
  if (missing.length > 0) {
    process.exitCode = 5;
  }
}

const MARKS: Record<Finding['state'], string> = { ok: 'ok     ', note: 'note   ', missing: 'MISSING' };

const line = ({ what, state, found, remedy }: Finding): string =>
  `${MARKS[state]}  ${what.padEnd(12)}  ${found}${remedy ? ` -> ${remedy}` : ''}`;

function node(): Finding {
  try {
    requireNode();
    return { what: 'node', state: 'ok', found: process.versions.node, remedy: null };
  } catch (thrown) {
    const { message, remedy } = VeilError.from(thrown);
    return { what: 'node', state: 'missing', found: message, remedy };
  }
}

async function program(name: string, from: string, state: 'missing' | 'note' = 'missing'): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(name, ['--version']);
    return { what: name, state: 'ok', found: stdout.trim().split('\n')[0], remedy: null };
  } catch {
    return { what: name, state, found: 'is not on PATH', remedy: `Install ${from}.` };
  }
}

/** The CPU always serves; every other device that is named but cannot be used is a note with its reason. */
async function devices(): Promise<Finding[]> {
  return (await new DeviceCatalog().list()).map(({ id, name, reason }) => ({
    what: id,
    state: reason ? 'note' : 'ok',
    found: reason ? `${name}: ${reason}` : name,
    remedy: null
  }));
}
