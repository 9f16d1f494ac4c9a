import { Command } from 'commander';
import { type Migration } from '../toolkit';
import { print } from './output';

const AFTER = `
Nothing is changed. Each command that is printed is safe to run by itself; those of one risk belong together, in their order.
Exit codes: 0 done, whatever was found; 5 the cluster does not answer or allow it.`;

/** `veilbook migrate report`: what the NetApp toolkit left in a namespace. */
export function migrateCommand(): Command {
  const migrate = new Command('migrate').description('come from the NetApp DataOps Toolkit');
  migrate
    .command('report')
    .description('say what a namespace holds of the toolkit’s, what is at risk there, and what mends it')
    .option('-n, --namespace <namespace>', 'where', 'default')
    .option('--json', 'print one JSON document')
    .addHelpText('after', AFTER)
    .action(async ({ namespace, json }: { namespace: string; json?: boolean }) => {
      const { migrationOf, openToolkit } = await import('../toolkit');
      const found = await migrationOf(await openToolkit({ namespace }, 'jupyterlab'));
      print(json ? { schema: 1, ...found } : text(found));
    });
  return migrate;
}

function text({ namespace, workspaces, triton_servers: servers, volumes, snapshots, risks }: Migration): string {
  const count = (names: readonly string[], what: string) =>
    `${names.length} ${what}${names.length > 0 ? `: ${names.join(', ')}` : ''}`;
  const lines = [
    `Of the toolkit’s, namespace ${namespace} holds`,
    ...[
      count(workspaces, 'workspaces'),
      count(servers, 'Triton servers'),
      count(volumes, 'volumes'),
      count(snapshots, 'snapshots')
    ].map(line => `  ${line}`),
    risks.length === 0 ? 'Nothing of it is at risk by what is known here.' : `At risk: ${risks.length}`,
    ...risks.flatMap(({ object, why, mend }) => [`  ${object}: ${why}`, ...mend.map(command => `    ${command}`)])
  ];
  return lines.join('\n');
}
