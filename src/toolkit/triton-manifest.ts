import { type V1Container, type V1Deployment, type V1Probe, type V1Service } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { VeilError } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { resourcesOf, type Amounts } from './resources';
import { labelsOf, MANIFEST, objectName, requireServerName } from './triton-names';

/** The release of the Triton that exported repositories are tested on (2.51.0). */
export const TRITON_IMAGE = 'nvcr.io/nvidia/tritonserver:24.10-py3';

export interface TritonRequest extends Amounts {
  name: string;
  /** The claim with the model repository, mounted read-only at /models. */
  claim: string;
  /** Folder of the claim that is the repository; default its root, as the toolkit has it. */
  folder?: string;
  image?: string;
  /** A Service of type LoadBalancer in place of NodePort. */
  loadBalancer?: boolean;
}

export interface TritonObjects {
  service: Fresh<V1Service>;
  deployment: Fresh<V1Deployment>;
}

const PORTS = [
  { name: 'http', number: 8000 },
  { name: 'grpc', number: 8001 },
  { name: 'metrics', number: 8002 }
];
const MODELS = '/models';
/** In the images of NVIDIA the user triton-server. */
const USER = 1000;

const asks = (path: string, how: Partial<V1Probe>): V1Probe => ({ httpGet: { path, port: 'http' }, timeoutSeconds: 5, ...how });

/**
 * Service and Deployment of a Triton server, with names, labels, ports and arguments of the toolkit.
 * @throws VeilError `bad_request`
 */
export function tritonObjects(request: TritonRequest): TritonObjects {
  requireServerName(request.name);
  const service = serviceSpec(request);
  const deployment = deploymentSpec(request);
  const manifest = createHash('sha256')
    .update(JSON.stringify([service, deployment]))
    .digest('hex');
  const metadata = { name: objectName(request.name), labels: labelsOf(request.name), annotations: { [MANIFEST]: manifest } };
  return { service: { metadata, spec: service }, deployment: { metadata, spec: deployment } };
}

function serviceSpec({ name, loadBalancer = false }: TritonRequest): NonNullable<V1Service['spec']> {
  return {
    type: loadBalancer ? 'LoadBalancer' : 'NodePort',
    selector: { app: objectName(name) },
    ports: PORTS.map(port => ({ name: `${port.name}-inference-server`, port: port.number, targetPort: port.name }))
  };
}

function deploymentSpec(request: TritonRequest): NonNullable<V1Deployment['spec']> {
  const { name, claim } = request;
  if (claim === '') {
    throw new VeilError('bad_request', 'No claim holds the models. Nothing was made.', 'Name it by --model-repo-pvc-name.');
  }
  return {
    replicas: 1,
    // A claim that one node may mount, and a GPU, have no room for two pods.
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: objectName(name) } },
    template: {
      metadata: { labels: labelsOf(name) },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: USER, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [containerOf(request)],
        volumes: [
          { name: 'model-repo', persistentVolumeClaim: { claimName: claim, readOnly: true } },
          { name: 'dshm', emptyDir: { medium: 'Memory' } }
        ]
      }
    }
  };
}

function containerOf(request: TritonRequest): V1Container {
  const { image = TRITON_IMAGE } = request;
  return {
    name: 'triton-server',
    image,
    args: ['tritonserver', `--model-store=${repositoryOf(request)}`, '--model-control-mode=poll', '--repository-poll-secs=5'],
    ports: PORTS.map(({ name, number }) => ({ name, containerPort: number })),
    resources: resourcesOf(request),
    // A server answers once its models are loaded, which may take many minutes: 30 of them are given.
    startupProbe: asks('/v2/health/live', { periodSeconds: 5, failureThreshold: 360 }),
    livenessProbe: asks('/v2/health/live', { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: asks('/v2/health/ready', { periodSeconds: 5, failureThreshold: 3 }),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'model-repo', mountPath: MODELS, readOnly: true },
      // Backends hand tensors to their processes in shared memory, of which a container has 64 MiB else.
      { name: 'dshm', mountPath: '/dev/shm' }
    ]
  };
}

function repositoryOf({ folder = '' }: TritonRequest): string {
  const whole = posix.join(MODELS, folder).replace(/(?<=.)\/$/, '');
  if (whole !== MODELS && !whole.startsWith(`${MODELS}/`)) {
    throw new VeilError('bad_request', `Folder ${folder} would lie outside the claim. Nothing was made.`, 'Name one in it.');
  }
  // Kubernetes puts the value of a variable in the place of $(NAME), and a dollar in the place of two.
  return whole.replaceAll('$', '$$$$');
}
