/** The NetApp DataOps Toolkit for Kubernetes as PyPI has it, in a virtual environment of its own in the cache: a real second client. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Complaint } from './complaint.mjs';
import { toolkitFolder } from './places.mjs';

// It refuses an older Kubernetes client, and from 37 on that client refuses the objects it makes.
export const requirements = ['netapp-dataops-k8s==3.1.0', 'kubernetes>=35,<37'];

/** Install it unless the cache has it; returns its folder. */
export function installToolkit(say) {
  const folder = toolkitFolder(requirements);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    say(`installing ${requirements[0]} from PyPI`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(dirname(folder), { recursive: true });
    run('Making a virtual environment for the NetApp toolkit', 'python3', ['-m', 'venv', folder]);
    run('Installing the NetApp toolkit', join(folder, 'bin', 'pip'), ['install', '--quiet', ...requirements]);
    writeFileSync(complete, '');
  }
  return folder;
}

function run(what, command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) {
    const words = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-8).join('\n');
    throw new Complaint(`${what} failed: ${error?.message ?? words}`);
  }
}
