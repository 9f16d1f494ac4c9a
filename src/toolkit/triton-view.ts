import { type V1Deployment, type V1Pod, type V1Service, type V1ServicePort } from '@kubernetes/client-node';
import { type TritonServer } from '../protocol';
import { nameOf, TOOLKIT_PREFIX } from '../workspaces/kubernetes/names';
import { newestOf } from './reason';
import { objectName, SERVER_LABEL } from './triton-names';

const PORTS = { http: 8000, grpc: 8001, metrics: 8002 };
type Port = keyof typeof PORTS;

/**
 * What users see of a Triton server. A NodePort answers on every node; of them the one is told that its pod runs on, which whoever
 * may see pods may see.
 * @param service null where it is missing
 * @param workspaces names of the namespace's workspaces
 */
export function tritonView(
  deployment: V1Deployment,
  service: V1Service | null,
  pods: readonly V1Pod[],
  workspaces: ReadonlySet<string>
): Omit<TritonServer, 'reason'> {
  const { metadata, spec } = deployment;
  const name = metadata?.labels?.[SERVER_LABEL] ?? '';
  const namespace = metadata?.namespace ?? '';
  const container = spec?.template.spec?.containers.at(0);
  const volume = spec?.template.spec?.volumes?.find(one => one.name === 'model-repo');
  const host = hostOf(service, pods);
  const at = (port: Port) => {
    const number = service && outsidePort(service, port);
    return host !== null && number ? `${host}:${number}` : null;
  };
  const inside = `${objectName(name)}.${namespace}.svc`;
  const insidePort = (port: Port) => portOf(service, port)?.port ?? PORTS[port];
  return {
    name,
    namespace,
    status: statusOf(deployment),
    http: at('http'),
    grpc: at('grpc'),
    metrics: at('metrics'),
    cluster_address: { http: `${inside}:${insidePort('http')}`, grpc: `${inside}:${insidePort('grpc')}` },
    image: container?.image ?? '',
    claim: volume?.persistentVolumeClaim?.claimName ?? null,
    made_by: metadata?.labels?.['app.kubernetes.io/managed-by'] === 'veilbook' ? 'veilbook' : 'netapp-dataops-toolkit',
    created: new Date(metadata?.creationTimestamp ?? 0).toISOString(),
    warning: warningOf(deployment, service, workspaces)
  };
}

function statusOf({ metadata, spec, status }: V1Deployment): TritonServer['status'] {
  if (metadata?.deletionTimestamp) {
    return 'deleting';
  }
  if (spec?.replicas === 0) {
    return 'stopped';
  }
  const seen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  return seen && (status?.readyReplicas ?? 0) > 0 ? 'ready' : 'not ready';
}

function hostOf(service: V1Service | null, pods: readonly V1Pod[]): string | null {
  if (service?.spec?.type === 'LoadBalancer') {
    const first = service.status?.loadBalancer?.ingress?.at(0);
    return first?.ip ?? first?.hostname ?? null;
  }
  const running = newestOf(pods.filter(({ status }) => status?.hostIP !== undefined));
  return running?.status?.hostIP ?? null;
}

const portOf = (service: V1Service | null, port: Port): V1ServicePort | undefined =>
  service?.spec?.ports?.find(({ name, targetPort }) => targetPort === port || name === `${port}-inference-server`);

function outsidePort(service: V1Service, port: Port): number | undefined {
  const found = portOf(service, port);
  return service.spec?.type === 'LoadBalancer' ? found?.port : found?.nodePort;
}

/** The toolkit gives a server the label of a workspace of that name. */
function warningOf(deployment: V1Deployment, service: V1Service | null, workspaces: ReadonlySet<string>): string | null {
  const name = deployment.metadata?.labels?.[SERVER_LABEL] ?? '';
  if (service === null) {
    return `Its Service ${nameOf(deployment)} is missing: nothing reaches it.`;
  }
  const crossed = deployment.spec?.selector.matchLabels?.app === `${TOOLKIT_PREFIX}${name}` && workspaces.has(name);
  return crossed ? `Workspace ${name} has the same label app: requests to either reach the pods of both.` : null;
}
