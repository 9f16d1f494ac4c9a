import { type V1Deployment, type V1Pod, type V1Service } from '@kubernetes/client-node';
import { whyNoPod, whyPodWaits } from './reason';
import { tritonObjects } from './triton-manifest';
import { tritonView } from './triton-view';

const request = { name: 'face', claim: 'models' };
const labels = {
  app: 'ntap-dsutil-triton-face',
  'created-by': 'ntap-dsutil',
  'entity-type': 'triton_server',
  'created-by-operation': 'create-triton-server',
  'triton-server-name': 'face'
};

describe('the objects of a Triton server', () => {
  const { service, deployment } = tritonObjects(request);
  const pod = deployment.spec!.template;
  const [container] = pod.spec!.containers;

  it('have names, labels, ports and arguments of the toolkit, and a label app of their own', () => {
    for (const { metadata } of [service, deployment]) {
      expect(metadata).toMatchObject({ name: 'ntap-dsutil-triton-face', labels });
    }
    expect(pod.metadata?.labels).toMatchObject(labels);
    expect(deployment.spec?.selector.matchLabels).toEqual({ app: labels.app });
    expect(service.spec).toEqual({
      type: 'NodePort',
      selector: { app: labels.app },
      ports: [
        { name: 'http-inference-server', port: 8000, targetPort: 'http' },
        { name: 'grpc-inference-server', port: 8001, targetPort: 'grpc' },
        { name: 'metrics-inference-server', port: 8002, targetPort: 'metrics' }
      ]
    });
    expect(container.args).toEqual([
      'tritonserver',
      '--model-store=/models',
      '--model-control-mode=poll',
      '--repository-poll-secs=5'
    ]);
    expect(container.ports).toEqual([
      { name: 'http', containerPort: 8000 },
      { name: 'grpc', containerPort: 8001 },
      { name: 'metrics', containerPort: 8002 }
    ]);
  });

  it('give it time to load, shared memory, models that it cannot write, and no more rights than it needs', () => {
    expect(deployment.spec?.strategy).toEqual({ type: 'Recreate' });
    expect(container.startupProbe).toMatchObject({ httpGet: { path: '/v2/health/live', port: 'http' }, failureThreshold: 360 });
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/v2/health/live', port: 'http' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/v2/health/ready', port: 'http' });
    expect(container.volumeMounts).toEqual([
      { name: 'model-repo', mountPath: '/models', readOnly: true },
      { name: 'dshm', mountPath: '/dev/shm' }
    ]);
    expect(pod.spec?.volumes).toEqual([
      { name: 'model-repo', persistentVolumeClaim: { claimName: 'models', readOnly: true } },
      { name: 'dshm', emptyDir: { medium: 'Memory' } }
    ]);
    expect(pod.spec).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
  });

  it.each([
    ['an upper-case name', { name: 'Face' }, /Face cannot be a Triton server's name/],
    ['a name of 41 characters', { name: 'f'.repeat(41) }, /at most 40/],
    ['no claim', { claim: '' }, /No claim holds the models/],
    ['memory that is no amount', { memory: 'much' }, /much is no amount of memory/],
    ['a folder outside the claim', { folder: '../etc' }, /outside the claim/]
  ])('are refused for %s', (_what, change, message) => {
    expect(() => tritonObjects({ ...request, ...change })).toThrow(message);
  });

  it('differ in their mark where anything that was asked for differs', () => {
    const mark = (change: object) => tritonObjects({ ...request, ...change }).deployment.metadata?.annotations;
    expect(mark({})).toEqual(mark({}));
    expect(mark({ cpu: '1' })).not.toEqual(mark({}));
    expect(mark({ loadBalancer: true })).not.toEqual(mark({}));
  });
});

describe('what is seen of a Triton server', () => {
  const made = (status?: V1Deployment['status']): V1Deployment => {
    const { metadata, spec } = tritonObjects(request).deployment;
    return { metadata: { ...metadata, namespace: 'inference', generation: 1, creationTimestamp: new Date(0) }, spec, status };
  };
  const ports = tritonObjects(request).service.spec!.ports!.map((port, at) => ({ ...port, nodePort: 30000 + at }));
  const service: V1Service = { metadata: made().metadata, spec: { type: 'NodePort', ports } };
  const pod: V1Pod = { metadata: { name: 'p' }, status: { hostIP: '10.0.0.7' } };
  const ready = { observedGeneration: 1, readyReplicas: 1 };

  it('is the address of the node that its pod runs on, and the one in the cluster', () => {
    expect(tritonView(made(ready), service, [pod], new Set())).toEqual({
      name: 'face',
      namespace: 'inference',
      status: 'ready',
      http: '10.0.0.7:30000',
      grpc: '10.0.0.7:30001',
      metrics: '10.0.0.7:30002',
      cluster_address: { http: 'ntap-dsutil-triton-face.inference.svc:8000', grpc: 'ntap-dsutil-triton-face.inference.svc:8001' },
      image: 'nvcr.io/nvidia/tritonserver:24.10-py3',
      claim: 'models',
      made_by: 'veilbook',
      created: '1970-01-01T00:00:00.000Z',
      warning: null
    });
  });

  it('is what a load balancer was given, a name too, and nothing before that', () => {
    const balanced = (ingress?: object[]): V1Service => ({
      spec: { type: 'LoadBalancer', ports },
      status: { loadBalancer: { ingress } }
    });
    expect(tritonView(made(ready), balanced(), [pod], new Set()).http).toBeNull();
    expect(tritonView(made(ready), balanced([{ ip: '1.2.3.4' }]), [pod], new Set()).grpc).toBe('1.2.3.4:8001');
    expect(tritonView(made(ready), balanced([{ hostname: 'lb.example' }]), [], new Set()).http).toBe('lb.example:8000');
  });

  it('warns of the toolkit’s label where a workspace has it too', () => {
    const theirs = made(ready);
    theirs.spec!.selector.matchLabels!.app = 'ntap-dsutil-jupyterlab-face';
    delete theirs.metadata!.labels!['app.kubernetes.io/managed-by'];
    const view = (workspaces: string[]) => tritonView(theirs, service, [], new Set(workspaces));
    expect(view(['face'])).toMatchObject({ made_by: 'netapp-dataops-toolkit', warning: expect.stringMatching(/Workspace face/) });
    expect(view(['other']).warning).toBeNull();
  });

  it.each<[string, string, V1Deployment['status']]>([
    ['without a status', 'not ready', undefined],
    ['whose status is of an earlier specification', 'not ready', { ...ready, observedGeneration: 0 }],
    ['that is ready', 'ready', ready]
  ])('%s is %s', (_what, is, status) => {
    expect(tritonView(made(status), null, [], new Set()).status).toBe(is);
  });

  it('says why it waits: the scheduler, the image, the last line of a program that ended, a quota', () => {
    const waits = (status: V1Pod['status']) => whyPodWaits({ status });
    const container = { name: 'triton-server', image: '', imageID: '', ready: false, restartCount: 1 };
    expect(waits({ conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }] })).toBe(
      '0/1 nodes are available'
    );
    const image = { waiting: { reason: 'ErrImagePull', message: 'not found' } };
    expect(waits({ containerStatuses: [{ ...container, state: image }] })).toBe('ErrImagePull: not found');
    const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } };
    const lastState = { terminated: { exitCode: 1, reason: 'Error', message: 'loading\nno model repository\n' } };
    expect(waits({ containerStatuses: [{ ...container, state, lastState }] })).toBe(
      'triton-server ended with exit code 1 (Error): no model repository'
    );
    expect(waits({ containerStatuses: [{ ...container, state: { waiting: { reason: 'ContainerCreating' } } }] })).toBeNull();
    const refused = { type: 'ReplicaFailure', status: 'True', message: 'exceeded quota: small' };
    expect(whyNoPod({ status: { conditions: [refused] } })).toBe('exceeded quota: small');
  });
});
