import { type V1Job, type V1PodFailurePolicy, type V1Volume, type V1VolumeMount } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { type BatchRequest } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { commandOf } from './command';
import { cloneName, CONTAINER, labelsOf, MANIFEST, REQUEST } from './names';
import { DATA, planOf, RESULTS, type Plan } from './plan';

/**
 * Exit codes that the same pod would end with again: wrong use, images that cannot be used (told in the result), no model,
 * results that cannot be written.
 */
const LASTING = [2, 3, 4, 6];

/**
 * A pod that a drain, a preemption or a full node took away is replaced and not counted; one that failed by what will not
 * change ends the Job; any other counts towards the limit.
 */
const FAILURES: V1PodFailurePolicy = {
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'In', values: LASTING } }
  ]
};

/**
 * The Job of a request: the report's for one shard, else an Indexed Job. The namespace's strictest pod security takes it.
 * @throws VeilError `bad_request`, `bad_alpha`
 */
export function jobFor(request: BatchRequest): Fresh<V1Job> {
  const plan = planOf(request);
  const spec = specOf(plan);
  const manifest = createHash('sha256').update(JSON.stringify(spec)).digest('hex');
  return {
    metadata: {
      name: plan.name,
      labels: labelsOf(plan.name),
      annotations: { [MANIFEST]: manifest, [REQUEST]: JSON.stringify(request) }
    },
    spec
  };
}

/**
 * For a cluster from before limits of one shard (Kubernetes 1.29): all shards share theirs.
 */
export function withSharedLimit(job: Fresh<V1Job>): Fresh<V1Job> {
  const { backoffLimitPerIndex = 0, ...spec } = job.spec!;
  return { ...job, spec: { ...spec, backoffLimit: backoffLimitPerIndex * (spec.completions ?? 1) } };
}

/** For a claim that can be used on one node at a time: each pod goes where one of the Job's is already. */
export function onOneNode(job: Fresh<V1Job>): Fresh<V1Job> {
  const spec = job.spec!;
  const { metadata, spec: pod } = spec.template;
  const beside = { labelSelector: { matchLabels: metadata!.labels }, topologyKey: 'kubernetes.io/hostname' };
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [beside] } };
  return { ...job, spec: { ...spec, template: { metadata, spec: { ...pod!, affinity } } } };
}

function specOf(plan: Plan): NonNullable<V1Job['spec']> {
  const { shards, parallel, backoffLimit } = plan;
  const { command, env } = commandOf(plan);
  const [volumes, volumeMounts] = storageOf(plan);
  const sharded = { completionMode: 'Indexed', completions: shards, parallelism: parallel, backoffLimitPerIndex: backoffLimit };
  return {
    ...(shards > 1 ? sharded : { backoffLimit }),
    podFailurePolicy: FAILURES,
    template: {
      metadata: { labels: labelsOf(plan.name) },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
          ...(plan.group !== null && { fsGroup: plan.group, fsGroupChangePolicy: 'OnRootMismatch' })
        },
        containers: [
          {
            name: CONTAINER,
            image: plan.image,
            imagePullPolicy: 'IfNotPresent',
            ...(env.length > 0 && { env }),
            command,
            resources: {
              requests: { cpu: plan.cpu, memory: plan.memory },
              ...(plan.gpus > 0 && { limits: { 'nvidia.com/gpu': String(plan.gpus) } })
            },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            // The last lines of a pod that failed are in its status: whoever may not read logs is told why all the same.
            terminationMessagePolicy: 'FallbackToLogsOnError',
            volumeMounts
          }
        ],
        volumes
      }
    }
  };
}

/** The claim at /data, or its clone there and the claim itself at /results; and memory for /dev/shm. */
function storageOf({ name, claim, snapshot, results }: Plan): [V1Volume[], V1VolumeMount[]] {
  const cloned = snapshot !== null;
  const data = cloned ? { claimName: cloneName(name), readOnly: true } : { claimName: claim };
  const apart = cloned && results !== null;
  return [
    [
      { name: 'data', persistentVolumeClaim: data },
      { name: 'dshm', emptyDir: { medium: 'Memory' } },
      ...(apart ? [{ name: 'results', persistentVolumeClaim: { claimName: claim } }] : [])
    ],
    [
      { name: 'data', mountPath: DATA, ...(cloned && { readOnly: true }) },
      { name: 'dshm', mountPath: '/dev/shm' },
      ...(apart ? [{ name: 'results', mountPath: RESULTS }] : [])
    ]
  ];
}
