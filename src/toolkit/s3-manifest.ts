import { type V1ConfigMap, type V1Job, type V1Secret, type V1Volume, type V1VolumeMount } from '@kubernetes/client-node';
import { posix } from 'node:path';
import { VERSION, VeilError } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { toolkitLabels } from './labels';

/** The image with the command line in it. */
export const S3_IMAGE = `veilbook:${VERSION}`;
/** By which the pods of a copy are told from others. */
export const S3_PREFIX = 's3mover-';
const CONTAINER = 'netapp-dataops-s3mc-container';
const DATA = '/mnt/data';
const KEYS = '/mnt/keys';
const AUTHORITIES = '/mnt/config_maps';
/** Exit codes that the same pod would end with again: wrong use, a certificate, a full volume. */
const LASTING = [2, 4, 6];
/** User and group of our images; the claim's files are given to the group. */
const USER = { runAsUser: 1000, runAsGroup: 100, fsGroup: 100 };

/** A copy between a bucket and a claim. */
export interface S3JobRequest {
  direction: 'get' | 'put';
  /** What is copied: a whole bucket and a folder, or one object and one file. Paths are below the claim's root. */
  what: { folder: string; prefix?: string; glob?: string } | { key: string; file: string };
  host: string;
  port?: number;
  https?: boolean;
  /** Believe any certificate. */
  insecure?: boolean;
  region?: string;
  bucket: string;
  claim: string;
  /** Secret with `access_key` and `secret_key`. */
  secret: string;
  /** ConfigMaps with `ca_cert`. */
  authorities?: readonly string[];
  image?: string;
  requests?: { cpu?: string; memory?: string };
  limits?: { cpu?: string; memory?: string };
}

/** As the toolkit calls it, in names and labels. */
export const operationOf = ({ direction, what }: S3JobRequest): string => `${direction}-${'key' in what ? 'object' : 'bucket'}`;

/**
 * The Job of a copy, in the toolkit's shape but for what it runs: our command line in the place of a shell, the keys in a file that
 * is mounted, and what the pod security level *restricted* asks for.
 * @param name `s3mover-…`
 * @throws VeilError `bad_request` for a path that leads out of the claim
 */
export function s3JobFor(name: string, request: S3JobRequest): Fresh<V1Job> {
  const labels = toolkitLabels(operationOf(request));
  const [volumes, volumeMounts] = storageOf(request);
  const amounts = Object.entries({ requests: request.requests, limits: request.limits }).filter(
    ([, value]) => value !== undefined
  );
  return {
    metadata: { name, labels },
    spec: {
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'In', values: LASTING } }
        ]
      },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            ...USER,
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' }
          },
          containers: [
            {
              name: CONTAINER,
              image: request.image ?? S3_IMAGE,
              imagePullPolicy: 'IfNotPresent',
              command: commandOf(request),
              ...(amounts.length > 0 && { resources: Object.fromEntries(amounts) }),
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              // Whoever may not read logs is told why a copy failed all the same.
              terminationMessagePolicy: 'FallbackToLogsOnError',
              volumeMounts
            }
          ],
          volumes
        }
      }
    }
  };
}

function commandOf({ direction, what, host, port, https, insecure, region, bucket, authorities = [] }: S3JobRequest): string[] {
  const server = [
    `--s3-host=${host}`,
    ...(port === undefined ? [] : [`--s3-port=${port}`]),
    ...(https ? ['--use-https'] : []),
    ...(insecure ? ['--insecure-skip-verify'] : []),
    ...(region === undefined ? [] : [`--region=${region}`]),
    ...authorities.map((_, i) => `--ca=${AUTHORITIES}/${i}/ca_cert`),
    `--bucket-name=${bucket}`,
    `--credentials=${KEYS}`
  ];
  const words =
    'key' in what
      ? ['object', `--object-key=${what.key}`, `--file-location=${inClaim(what.file)}`]
      : [
          'bucket',
          `--dir=${inClaim(what.folder)}`,
          ...(what.prefix === undefined ? [] : [`--prefix=${what.prefix}`]),
          ...(what.glob === undefined ? [] : [`--glob=${what.glob}`])
        ];
  return ['veilbook', 's3', direction, ...words, ...server];
}

function inClaim(path: string): string {
  const whole = posix.join(DATA, path);
  if (whole !== DATA && !whole.startsWith(`${DATA}/`)) {
    throw new VeilError('bad_request', `${path} leads out of the volume. Nothing was made.`, 'Name a path below its root.');
  }
  return whole;
}

function storageOf({ direction, claim, secret, authorities = [] }: S3JobRequest): [V1Volume[], V1VolumeMount[]] {
  return [
    [
      { name: 's3mc-data-volume', persistentVolumeClaim: { claimName: claim } },
      { name: 's3-keys', secret: { secretName: secret, defaultMode: 0o440 } },
      ...authorities.map((name, i) => ({ name: `ca-config-map-${i}`, configMap: { name } }))
    ],
    [
      { name: 's3mc-data-volume', mountPath: DATA, ...(direction === 'put' && { readOnly: true }) },
      { name: 's3-keys', mountPath: KEYS, readOnly: true },
      ...authorities.map((_, i) => ({ name: `ca-config-map-${i}`, mountPath: `${AUTHORITIES}/${i}`, readOnly: true }))
    ]
  ];
}

/** The toolkit's Secret of keys. */
export const s3SecretFor = (name: string, keys: { access: string; secret: string }): Fresh<V1Secret> => ({
  metadata: { name, labels: toolkitLabels('s3configsecret-create') },
  type: 'Opaque',
  stringData: { access_key: keys.access, secret_key: keys.secret }
});

/** The toolkit's ConfigMap of an authority's certificate. */
export const authorityFor = (name: string, pem: string): Fresh<V1ConfigMap> => ({
  metadata: { name, labels: toolkitLabels('caconfigmap-create') },
  data: { ca_cert: pem }
});
