/** The NetApp DataOps Toolkit for Kubernetes as PyPI has it, in a virtual environment of its own in the cache: a real second client. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './layers.mjs';
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
