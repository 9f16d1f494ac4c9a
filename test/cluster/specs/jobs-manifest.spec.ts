import { BatchV1Api, type V1Job } from '@kubernetes/client-node';
import { objectsFor } from '../../../src/jobs';
import { type BatchRequest } from '../../../src/protocol';
import { yamlOf } from '../../../src/workspaces/kubernetes';
import { administrator, clients, describeAt, makeNamespace, refusalOf, removeNamespace } from './support';

const FDDB: BatchRequest = {
  name: 'netapp-inference-protopia-0.8',
  claim: 'inference-data',
  dataset: '/data/netapp-face-detection/FDDB',
  image: 'veilbook:1'
};
const SHARDED = { ...FDDB, name: 'fddb', alpha: 0.8, shards: 8, gpus: 1 };

const REPORT = `apiVersion: batch/v1
kind: Job
metadata:
  annotations:
    veilbook.dev/manifest: HASH
    veilbook.dev/request: REQUEST
  labels:
    app.kubernetes.io/managed-by: veilbook
    veilbook.dev/job: netapp-inference-protopia-0.8
  name: netapp-inference-protopia-0.8
  namespace: inference
spec:
  backoffLimit: 5
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - status: 'True'
            type: DisruptionTarget
      - action: FailJob
        onExitCodes:
          containerName: inference
          operator: In
          values:
            - 2
            - 3
            - 4
            - 6
  template:
    metadata:
      labels:
        app.kubernetes.io/managed-by: veilbook
        veilbook.dev/job: netapp-inference-protopia-0.8
    spec:
      automountServiceAccountToken: false
      containers:
        - command:
            - python3
            - run-accuracy-measurement.py
            - --dataset
            - /data/netapp-face-detection/FDDB
            - --alpha
            - $(ALPHA)
            - --noisy
          env:
            - name: ALPHA
              value: '0.8'
          image: veilbook:1
          imagePullPolicy: IfNotPresent
          name: inference
          resources:
            limits:
              nvidia.com/gpu: '2'
            requests:
              cpu: '1'
              memory: 1Gi
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop:
                - ALL
          terminationMessagePolicy: FallbackToLogsOnError
          volumeMounts:
            - mountPath: /data
              name: data
            - mountPath: /dev/shm
              name: dshm
      enableServiceLinks: false
      restartPolicy: Never
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: inference-data
        - emptyDir:
            medium: Memory
          name: dshm`;

const objects = (request: BatchRequest, namespace?: string) =>
  objectsFor(request, namespace, () => {
    throw new Error('no cluster is needed');
  });

describeAt('api', 'the manifest of a Job', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('jobs');
    await clients(administrator()).core.patchNamespace({
      name: namespace,
      body: [{ op: 'add', path: '/metadata/labels/pod-security.kubernetes.io~1enforce', value: 'restricted' }]
    });
  });
  afterAll(() => removeNamespace(namespace));

  it('is the report’s in YAML', async () => {
    const printed = yamlOf(await objects({ ...FDDB, alpha: 0.8, gpus: 2 }, 'inference'));
    expect(printed.replace(/(manifest: )\w{64}/, '$1HASH').replace(/(request: )'.*'/, '$1REQUEST')).toBe(REPORT);
  });

  it.each<[string, BatchRequest]>([
    ['of one pod', { ...FDDB, alpha: 0.8, gpus: 2 }],
    ['of a sweep', { ...FDDB, alphas: [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95], results: 'sweep', group: 100 }],
    ['of shards', SHARDED]
  ])('%s is taken whole by the API server, and its pods by the strictest pod security', async (_what, request) => {
    const [job] = (await objects(request, namespace)) as [V1Job];
    const batch = administrator().makeApiClient(BatchV1Api);
    const made = await batch.createNamespacedJob({ namespace, body: job, dryRun: 'All', fieldValidation: 'Strict' });
    expect(made.spec).toMatchObject(job.spec!);
    const { metadata, spec } = job.spec!.template;
    const pod = { metadata: { ...metadata, generateName: 'try-' }, spec: spec! };
    const { core } = clients(administrator());
    expect(await refusalOf(() => core.createNamespacedPod({ namespace, body: pod, dryRun: 'All' }))).toBe(0);
    const loose = { ...pod, spec: { ...spec!, securityContext: {} } };
    expect(await refusalOf(() => core.createNamespacedPod({ namespace, body: loose, dryRun: 'All' }))).toBe(403);
  });
});
