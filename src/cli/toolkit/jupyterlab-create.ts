import { type Command, InvalidArgumentError, Option } from 'commander';
import { VeilError } from '../../protocol';
import { type WorkspaceRequest } from '../../toolkit';
import { amountsOf, withAmounts, type AmountFlags } from './amounts';
import { open, say, sayObjects, watched, withMaking, type Making } from './frame';
import { readPassword } from './password';

export interface WorkspaceFlags extends Making, AmountFlags {
  workspaceName: string;
  size: string;
  storageClass?: string;
  image?: string;
  loadBalancer?: boolean;
  mountPvc?: { claim: string; path: string }[];
  https: boolean;
  token?: boolean;
  registerWithAstra?: boolean;
}

export const withWorkspace = (command: Command): Command =>
  withAmounts(withMaking(command))
    .requiredOption('-w, --workspace-name <name>', 'of the new workspace')
    .requiredOption('-s, --size <quantity>', 'of its volume, as in 50Gi')
    .option('-c, --storage-class <class>', 'default: the cluster’s')
    .option('-i, --image <image>', 'default: JupyterLab with Veilbook')
    .option('-b, --load-balancer', 'a Service of type LoadBalancer (default: NodePort)')
    .addOption(
      new Option('-v, --mount-pvc <claim:path>', 'a volume that is there, and where; may be said several times').argParser(mount)
    )
    .option('--no-https', 'without a certificate of its own')
    .option('--token', 'make a random token in place of a password')
    .addOption(new Option('-a, --register-with-astra').hideHelp());

export const workspaceRequestOf = (flags: WorkspaceFlags): WorkspaceRequest => ({
  name: flags.workspaceName,
  size: flags.size,
  ...(flags.storageClass !== undefined && { storageClass: flags.storageClass }),
  ...(flags.image !== undefined && { image: flags.image }),
  ...(flags.loadBalancer && { loadBalancer: true }),
  ...(flags.mountPvc !== undefined && { mounts: flags.mountPvc }),
  ...(!flags.https && { https: false }),
  ...amountsOf(flags)
});

export async function createJupyterlab(flags: WorkspaceFlags): Promise<void> {
  if (flags.registerWithAstra) {
    throw new VeilError('bad_request', 'Astra Control is no longer supported. Nothing was made.', 'Leave -a out.');
  }
  const { createWorkspace, newToken, sameWorkspace, tryWorkspace, wholeObject, workspaceObjects } = await import('../../toolkit');
  const request = workspaceRequestOf(flags);
  const { claim, service, deployment } = workspaceObjects(request);
  const { dryRun, namespace, wait, timeout } = flags;
  if (dryRun !== undefined) {
    if (dryRun === 'server') {
      const cluster = await open(flags, 'jupyterlab');
      await sameWorkspace(cluster, request);
      await tryWorkspace(cluster, request);
    }
    return sayObjects(flags, [
      wholeObject('v1', 'PersistentVolumeClaim', namespace, claim),
      wholeObject('v1', 'Service', namespace, service),
      wholeObject('apps/v1', 'Deployment', namespace, deployment)
    ]);
  }
  const cluster = await open(flags, 'jupyterlab');
  const there = (await sameWorkspace(cluster, request)) !== null;
  const token = flags.token || there ? newToken() : null;
  const entrance = token === null ? { password: await readPassword(`workspace ${request.name}`) } : { token };
  const { workspace, made } = await watched(flags, `workspace ${request.name}`, (signal, seen) =>
    createWorkspace(cluster, request, entrance, { wait: wait !== false, seconds: timeout, signal, seen })
  );
  const shown = made ? token : null;
  await say(flags, {
    text: [
      `Workspace ${workspace.name} ${made ? 'was made' : 'was made before'}, and is ${workspace.ready ? 'ready' : 'not ready yet'}.`,
      `Access URL: ${workspace.url ?? 'not known yet'}`,
      ...(shown === null ? [] : [`Token: ${shown}`])
    ].join('\n'),
    names: [`jupyterlab/${workspace.name}`],
    document: { schema: 1, workspace, made, ...(shown !== null && { token: shown }) }
  });
}

function mount(text: string, before: { claim: string; path: string }[] = []): { claim: string; path: string }[] {
  const [, claim, path] = /^([^:]+):(\/.*)$/.exec(text) ?? [];
  if (claim === undefined) {
    throw new InvalidArgumentError('It must be claim:path, as in data:/data.');
  }
  return [...before, { claim, path }];
}
