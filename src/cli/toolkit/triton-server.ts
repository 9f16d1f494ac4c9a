import { type Command } from 'commander';
import { type TritonServer } from '../../protocol';
import { type TritonRequest } from '../../toolkit';
import { requireYes } from '../workspace-act';
import { Notices } from '../output';
import { amountsOf, withAmounts, type AmountFlags } from './amounts';
import {
  entity,
  open,
  say,
  sayObjects,
  sayRemoval,
  watched,
  withMaking,
  withRemoving,
  type Common,
  type Making,
  type Removing,
  type Verbs
} from './frame';
import { tableOf } from './table';

const COLUMNS = ['Server Name', 'Status', 'HTTP Endpoint', 'gRPC Endpoint', 'Metrics Endpoint'];

export interface TritonFlags extends Making, AmountFlags {
  serverName: string;
  modelRepoPvcName: string;
  modelRepoPath?: string;
  image?: string;
  loadBalancer?: boolean;
}

export function tritonServer(verbs: Verbs): void {
  withTriton(
    entity(verbs.create, 'triton-server', ['triton'], 'run a Triton server on the models of a volume', [
      'create triton-server --server-name=face --model-repo-pvc-name=models',
      'create triton-server -s face -v models -g 1 -p 4 -m 8Gi -b -n inference'
    ])
  ).action(create);
  entity(verbs.list, 'triton-servers', ['triton-server', 'triton_server', 'triton'], 'list the Triton servers of a namespace', [
    'list triton-servers -n inference'
  ]).action(list);
  withRemoving(
    entity(verbs.delete, 'triton-server', ['triton'], 'remove a Triton server; the volume with its models stays', [
      'delete triton-server --server-name=face --force'
    ])
  )
    .requiredOption('-s, --server-name <name>', 'of the server')
    .action(remove);
}

/** The flags of `create`. */
export const withTriton = (command: Command): Command =>
  withAmounts(withMaking(command))
    .requiredOption('-s, --server-name <name>', 'of the new server')
    .requiredOption('-v, --model-repo-pvc-name <claim>', 'the PersistentVolumeClaim with the model repository')
    .option('--model-repo-path <folder>', 'folder of the claim that is the repository (default: its root)')
    .option('-i, --image <image>', 'default: NVIDIA’s, of the release that exported models are tested on')
    .option('-b, --load-balancer', 'a Service of type LoadBalancer (default: NodePort)');

export const tritonRequestOf = (flags: TritonFlags): TritonRequest => ({
  name: flags.serverName,
  claim: flags.modelRepoPvcName,
  ...(flags.modelRepoPath !== undefined && { folder: flags.modelRepoPath }),
  ...(flags.image !== undefined && { image: flags.image }),
  ...(flags.loadBalancer && { loadBalancer: true }),
  ...amountsOf(flags)
});

async function create(flags: TritonFlags): Promise<void> {
  const { createTritonServer, tritonObjects, wholeObject } = await import('../../toolkit');
  const request = tritonRequestOf(flags);
  const { namespace, timeout, wait, dryRun } = flags;
  if (dryRun !== undefined) {
    const { service, deployment } = tritonObjects(request);
    if (dryRun === 'server') {
      await createTritonServer(await open(flags, 'triton'), request, { dryRun: true });
    }
    return sayObjects(flags, [
      wholeObject('v1', 'Service', namespace, service),
      wholeObject('apps/v1', 'Deployment', namespace, deployment)
    ]);
  }
  const cluster = await open(flags, 'triton');
  const { server, made } = await watched(flags, `Triton server ${request.name}`, (signal, seen) =>
    createTritonServer(cluster, request, { wait: wait !== false, seconds: timeout, signal, seen })
  );
  if (server !== null) {
    await say(flags, { ...saidOf([server]), text: createdText(server, made), document: { schema: 1, server, made } });
  }
}

async function list(flags: Common): Promise<void> {
  const { listTritonServers } = await import('../../toolkit');
  const servers = await listTritonServers(await open(flags, 'triton'));
  await say({ ...flags, quiet: false }, saidOf(servers));
  tell(flags, servers);
}

async function remove(flags: Removing & { serverName: string }): Promise<void> {
  const { deleteTritonServer, removableTritonServer } = await import('../../toolkit');
  const { serverName: name, force, dryRun, wait, timeout } = flags;
  const cluster = await open(flags, 'triton');
  const found = await removableTritonServer(cluster, name);
  if (dryRun) {
    return sayRemoval(flags, found.parts);
  }
  const stays = found.claim === null ? '' : ` Claim ${found.claim} with its models stays.`;
  await requireYes({ yes: force }, `Remove Triton server ${name} in namespace ${cluster.namespace}?${stays}`, '--force');
  await watched(flags, `the end of Triton server ${name}`, signal =>
    deleteTritonServer(cluster, found, { wait: wait !== false, seconds: timeout, signal })
  );
  await say(flags, {
    text: `Triton server ${name} was removed.${stays}`,
    names: [`triton-server/${name}`],
    document: { schema: 1, removed: name, claim: found.claim }
  });
}

function saidOf(servers: readonly TritonServer[]) {
  const rows = servers.map(({ name, status, http, grpc, metrics }) => [
    name,
    status === 'ready' ? 'Ready' : 'Not Ready',
    http ?? 'unavailable',
    grpc ?? 'unavailable',
    metrics ?? 'unavailable'
  ]);
  const table = tableOf(COLUMNS, rows);
  return {
    text: servers.length === 0 ? 'No Triton servers: veilbook create triton-server makes one.' : table,
    table,
    names: servers.map(({ name }) => `triton-server/${name}`),
    document: { schema: 1, servers }
  };
}

/** What the toolkit's columns have no room for. */
function tell({ quiet, output, json }: Common, servers: readonly TritonServer[]): void {
  const notices = new Notices();
  for (const { name, status, reason, warning } of quiet || json || (output && output !== 'table') ? [] : servers) {
    if (status !== 'ready' && reason !== null) {
      notices.show(`${name}: ${reason}`);
    }
    if (warning !== null) {
      notices.show(`${name}: ${warning}`);
    }
  }
}

function createdText({ name, status, http, grpc, metrics, cluster_address: inside }: TritonServer, made: boolean): string {
  const at = (address: string | null) => address ?? 'not known yet';
  return [
    `Triton server ${name} ${made ? 'was made' : 'was made before'}, and is ${status}.`,
    `http: ${at(http)}`,
    `grpc: ${at(grpc)}`,
    `metrics: ${metrics === null ? at(null) : `${metrics}/metrics`}`,
    `in the cluster: triton://${inside.http}, triton+grpc://${inside.grpc}`
  ].join('\n');
}
