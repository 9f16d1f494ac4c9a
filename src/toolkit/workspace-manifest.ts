import {
  type V1Container,
  type V1Deployment,
  type V1PersistentVolumeClaim,
  type V1Service,
  type V1Volume
} from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { VERSION, VeilError } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { isWorkspaceName, LONGEST_WORKSPACE, TOOLKIT_PREFIX, workspaceLabels } from '../workspaces/kubernetes/names';
import { resourcesOf, type Amounts } from './resources';
import { MANIFEST } from './triton-names';
import { volumeObject, type VolumeRequest } from './volume-manifest';

/** JupyterLab with Veilbook in it: the Containerfile's target `workspace`. */
export const WORKSPACE_IMAGE = `veilbook-workspace:${VERSION}`;

export interface WorkspaceRequest extends Amounts, Pick<VolumeRequest, 'size' | 'storageClass' | 'accessMode'> {
  name: string;
  image?: string;
  /** A Service of type LoadBalancer in place of NodePort. */
  loadBalancer?: boolean;
  /** Claims that are there already, and where they are mounted. */
  mounts?: { claim: string; path: string }[];
  /** With a certificate of its own, made when a pod starts; default true. */
  https?: boolean;
}

export interface WorkspaceObjects {
  claim: Fresh<V1PersistentVolumeClaim>;
  service: Fresh<V1Service>;
  deployment: Fresh<V1Deployment>;
}

const PORT = 8888;
const HOME = '/workspace';
const CERTIFICATES = '/certs';
/** Where the server finds its password or token: in no argument and no variable. */
const SETTINGS = '/etc/veilbook-jupyter';
/** The user of our image, and of the Jupyter project's. */
const USER = { runAsUser: 1000, runAsGroup: 100, fsGroup: 100 };

const CERTIFICATE =
  'openssl req -x509 -nodes -newkey rsa:2048 -days 365 -subj /CN=jupyterlab' +
  ` -keyout ${CERTIFICATES}/jupyter.key -out ${CERTIFICATES}/jupyter.crt 2>&1`;
/** What the image has for a workspace comes to a new claim, once: later it would bring back what was deleted or restored. */
const FIRST_FILES = `[ -n "$(ls -A /vol | grep -v '^lost+found$')" ] || [ ! -d ${HOME} ] || cp -a ${HOME}/. /vol/`;

export const workspaceObjectName = (workspace: string): string => `${TOOLKIT_PREFIX}${workspace}`;

/**
 * Claim, Service and Deployment of a workspace, with names, labels and ports of the toolkit. The Secret of its name is apart: it is made
 * of what a person typed.
 * @throws VeilError `bad_request`
 */
export function workspaceObjects(request: WorkspaceRequest): WorkspaceObjects {
  const { name, size, storageClass, accessMode } = request;
  if (!isWorkspaceName(name)) {
    throw new VeilError(
      'bad_request',
      `${name || "''"} cannot be a workspace's name: it is at most ${LONGEST_WORKSPACE} lower-case letters, digits and hyphens. Nothing was made.`,
      'Choose another name.'
    );
  }
  const labels = workspaceLabels(name, 'create-jupyterlab');
  const claim = volumeObject({ name: workspaceObjectName(name), size, storageClass, accessMode }).spec;
  const service = serviceSpec(request);
  const deployment = deploymentSpec(request, labels);
  const manifest = createHash('sha256')
    .update(JSON.stringify([claim, service, deployment]))
    .digest('hex');
  const metadata = { name: workspaceObjectName(name), labels, annotations: { [MANIFEST]: manifest } };
  return { claim: { metadata, spec: claim }, service: { metadata, spec: service }, deployment: { metadata, spec: deployment } };
}

function serviceSpec({ name, loadBalancer = false, https = true }: WorkspaceRequest): NonNullable<V1Service['spec']> {
  const port = loadBalancer ? (https ? 443 : 80) : PORT;
  return {
    type: loadBalancer ? 'LoadBalancer' : 'NodePort',
    selector: { app: workspaceObjectName(name) },
    ports: [{ name: https ? 'https' : 'http', port, targetPort: PORT, protocol: 'TCP' }]
  };
}

function deploymentSpec(request: WorkspaceRequest, labels: Record<string, string>): NonNullable<V1Deployment['spec']> {
  const { name, image = WORKSPACE_IMAGE, https = true, mounts = [] } = request;
  const wrong = mounts.find(({ claim, path }) => claim === '' || !path.startsWith('/'));
  if (wrong !== undefined) {
    throw new VeilError(
      'bad_request',
      `${wrong.claim}:${wrong.path} is no claim and path. Nothing was made.`,
      'Say it as in data:/data.'
    );
  }
  const extra = mounts.map(({ claim, path }, at) => ({ name: at === 0 ? 'uservol' : `uservol-${at + 1}`, claim, path }));
  const certificates = https ? [{ name: 'tls-certs', mountPath: CERTIFICATES }] : [];
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const first: V1Container = {
    name: 'init-jupyterlab',
    image,
    command: ['/bin/sh', '-ec', [...(https ? [CERTIFICATE] : []), FIRST_FILES].join('\n')],
    securityContext,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'workspace', mountPath: '/vol' }, ...certificates]
  };
  const volumes: V1Volume[] = [
    { name: 'workspace', persistentVolumeClaim: { claimName: workspaceObjectName(name) } },
    { name: 'settings', secret: { secretName: workspaceObjectName(name) } },
    ...(https ? [{ name: 'tls-certs', emptyDir: { medium: 'Memory' } }] : []),
    ...extra.map(({ name: volume, claim }) => ({ name: volume, persistentVolumeClaim: { claimName: claim } }))
  ];
  return {
    replicas: 1,
    // A claim that one node may mount, and a GPU, have no room for two pods.
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: labels.app } },
    template: {
      metadata: { labels },
      spec: {
        enableServiceLinks: false,
        securityContext: {
          ...USER,
          runAsNonRoot: true,
          fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' }
        },
        initContainers: [first],
        containers: [
          {
            ...serverOf(request),
            securityContext,
            volumeMounts: [
              { name: 'workspace', mountPath: HOME },
              { name: 'settings', mountPath: SETTINGS, readOnly: true },
              ...certificates.map(one => ({ ...one, readOnly: true })),
              ...extra.map(({ name: volume, path }) => ({ name: volume, mountPath: path }))
            ]
          }
        ],
        volumes
      }
    }
  };
}

function serverOf(request: WorkspaceRequest): V1Container {
  const { image = WORKSPACE_IMAGE, https = true } = request;
  const files = ['certfile=/certs/jupyter.crt', 'keyfile=/certs/jupyter.key'].map(one => `--ServerApp.${one}`);
  const asks = (how: object) => ({
    httpGet: { path: '/api', port: 'jupyter', scheme: https ? 'HTTPS' : 'HTTP' },
    timeoutSeconds: 5,
    ...how
  });
  return {
    name: 'jupyterlab',
    image,
    command: [...['jupyter', 'lab', '--ServerApp.ip=0.0.0.0', '--no-browser', `--notebook-dir=${HOME}`], ...(https ? files : [])],
    env: [{ name: 'JUPYTER_CONFIG_PATH', value: SETTINGS }],
    ports: [{ name: 'jupyter', containerPort: PORT }],
    resources: resourcesOf(request),
    startupProbe: asks({ periodSeconds: 3, failureThreshold: 200 }),
    readinessProbe: asks({ periodSeconds: 5, failureThreshold: 3 }),
    // A kernel that takes all processors makes a server slow, not dead.
    livenessProbe: asks({ periodSeconds: 20, failureThreshold: 9 }),
    terminationMessagePolicy: 'FallbackToLogsOnError'
  };
}
