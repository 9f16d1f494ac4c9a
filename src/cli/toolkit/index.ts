import { Command } from 'commander';
import { flexcache } from './flexcache';
import { type Verb, type Verbs } from './frame';
import { jupyterlab } from './jupyterlab';
import { jupyterlabSnapshot } from './jupyterlab-snapshot';
import { s3Copies, s3Keys } from './s3';
import { tritonServer } from './triton-server';
import { volume } from './volume';
import { volumeSnapshot } from './volume-snapshot';

const AFTER = `
Names, flags and aliases are those of the NetApp DataOps Toolkit for Kubernetes, whose objects these commands make, list and remove.
Exit codes: 0 done; 2 wrong use, or no such object; 5 the cluster does not answer or allow it, the name is taken, or --timeout is over; 6 a
quota is full; 130 stopped.`;

/** `veilbook create|clone|list|delete|restore ENTITY`: the toolkit's objects on Kubernetes. */
export function toolkitCommands(): Command[] {
  const group = (name: Verb, aliases: string[], description: string) =>
    new Command(name).aliases(aliases).description(description).addHelpText('after', AFTER);
  const verbs: Verbs = {
    create: group('create', [], 'make an object on Kubernetes'),
    clone: group('clone', [], 'make an object on Kubernetes as a copy of another'),
    delete: group('delete', ['del', 'rm'], 'remove an object from Kubernetes'),
    list: group('list', ['ls'], 'list objects on Kubernetes'),
    restore: group('restore', [], 'bring back what a snapshot holds')
  };
  [jupyterlab, jupyterlabSnapshot, volume, volumeSnapshot, tritonServer, s3Keys, flexcache].forEach(register => register(verbs));
  return [...Object.values(verbs), ...s3Copies()];
}
