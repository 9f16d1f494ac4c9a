import { Command, Option } from 'commander';
import { print } from './output';

const AFTER = `
Nothing is applied: veilbook rbac --namespace data | kubectl apply -f -
The Role removes no claim, so nothing done with it can remove what a workspace holds; --removal adds that. Exit code: 0.`;

/** What belongs to the Role for workspaces alone. */
const OWN = ['name', 'removal', 'classes'];

/** `veilbook rbac`: the Role that workspaces on Kubernetes need. */
export function rbacCommand(): Command {
  return new Command('rbac')
    .description('print the Role that snapshots, restores and clones on Kubernetes need')
    .option('--namespace <namespace>', 'where the workspaces are', 'default')
    .option('--service-account <name>', 'who gets it', 'default')
    .option('--name <name>', 'let no other workspace’s Deployment be changed')
    .option('--removal', 'also the right to remove workspaces and their claims')
    .option('--classes', 'also the cluster-wide right to list VolumeSnapshotClasses')
    .addOption(new Option('--jobs', 'print instead the Role that veilbook job needs').conflicts(OWN))
    .addOption(new Option('--triton', 'print instead the Role that Triton servers need').conflicts([...OWN, 'jobs']))
    .addOption(
      new Option('--volumes', 'print instead the Role that volumes and their snapshots need').conflicts([
        ...OWN,
        'jobs',
        'triton'
      ])
    )
    .addOption(
      new Option('--jupyterlab', 'print instead the Role that making workspaces needs').conflicts([
        ...OWN,
        'jobs',
        'triton',
        'volumes'
      ])
    )
    .addOption(
      new Option('--s3', 'print instead the Role that copies between buckets and volumes need').conflicts([
        ...OWN,
        'jobs',
        'triton',
        'volumes',
        'jupyterlab'
      ])
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', AFTER)
    .action(rbac);
}

interface Flags {
  namespace: string;
  serviceAccount: string;
  name?: string;
  removal?: boolean;
  classes?: boolean;
  jobs?: boolean;
  triton?: boolean;
  volumes?: boolean;
  jupyterlab?: boolean;
  s3?: boolean;
  json?: boolean;
}

async function rbac({ namespace, serviceAccount, name, removal = false, classes = false, ...flags }: Flags): Promise<void> {
  const { roleFor, yamlOf } = await import('../workspaces/kubernetes');
  const { jobRoleFor } = await import('../jobs');
  const { s3RoleFor, tritonRoleFor, volumeRoleFor, workspaceRoleFor } = await import('../toolkit');
  const asked = { namespace, serviceAccount, name, removal, classes };
  const others = { jobs: jobRoleFor, triton: tritonRoleFor, volumes: volumeRoleFor, jupyterlab: workspaceRoleFor, s3: s3RoleFor };
  const chosen = (Object.keys(others) as (keyof typeof others)[]).find(other => flags[other]);
  const items = chosen === undefined ? roleFor(asked) : others[chosen](asked);
  print(flags.json ? { apiVersion: 'v1', kind: 'List', items } : yamlOf(items));
}
