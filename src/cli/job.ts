import { Command } from 'commander';
import { requestOf, withRequest, type JobFlags } from './job-request';
import { print } from './output';

const AFTER = `
veilbook job manifest … | kubectl create -f - makes the Job that submit makes. veilbook rbac --jobs prints the Role for it.
Exit codes: 0 done; 2 wrong use, or no such Job, claim or snapshot; 3 images could not be used (the result is printed all the
same); 5 the cluster does not answer or allow it, or --timeout is over; 6 a quota is full; else what the pods ended with.`;

/** `veilbook job`: evaluations and sweeps as Jobs on Kubernetes. */
export function jobCommand(): Command {
  const job = new Command('job')
    .description('evaluate a data set on Kubernetes: in one pod, or in many that each take a part')
    .addHelpText('after', AFTER);
  withRequest(job.command('manifest').description('print the Job as YAML for kubectl create -f')).action(manifest);
  return job;
}

async function manifest(flags: JobFlags): Promise<void> {
  const { objectsFor, openCluster, yamlOf } = await import('../jobs');
  const items = await objectsFor(requestOf(flags), flags.namespace, () => openCluster({ namespace: flags.namespace }));
  print(flags.json ? { apiVersion: 'v1', kind: 'List', items } : yamlOf(items));
}
