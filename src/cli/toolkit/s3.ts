import { Command, InvalidArgumentError, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { VeilError, type S3Job } from '../../protocol';
import { type S3JobRequest } from '../../toolkit';
import { Notices } from '../output';
import { entity, open, say, sayObjects, watched, withMaking, type Common, type Making, type Verbs } from './frame';
import { readPassword } from './password';

export interface CopyFlags extends Making {
  s3Host: string;
  s3Port?: number;
  useHttps?: boolean;
  insecureSkipVerify?: boolean;
  region?: string;
  bucketName: string;
  pvcName: string;
  credentialsSecret: string;
  caConfigMap?: string[];
  imageName?: string;
  cpuRequest?: string;
  cpuLimit?: string;
  memoryRequest?: string;
  memoryLimit?: string;
  pvcDir?: string;
  prefix?: string;
  glob?: string;
  objectKey?: string;
  fileLocation?: string;
}

/** `veilbook get-s3|put-s3 bucket|object` and `show s3-job`: copies between buckets and volumes, as Jobs. */
export function s3Copies(): Command[] {
  const copies = (['get', 'put'] as const).map(direction => {
    const into = direction === 'get' ? 'a bucket into a volume' : 'a folder of a volume into a bucket';
    const group = new Command(`${direction}-s3`).description(`copy ${into}, as a Job on Kubernetes`);
    withBucket(
      entity(group, 'bucket', [], `copy ${into}`, [
        `${direction}-s3 bucket -o s3.example -u -b photographs -p inference-data -c s3-keys -d faces -n inference`
      ])
    ).action((flags: CopyFlags) => copy(direction, flags));
    withObject(
      entity(group, 'object', [], 'copy one object', [
        `${direction}-s3 object -o s3.example -u -b results -k run-7.json -p inference-data -c s3-keys -f results/run-7.json`
      ])
    ).action((flags: CopyFlags) => copy(direction, flags));
    return group;
  });
  const show = new Command('show').description('say how something on Kubernetes is');
  entity(show, 's3-job', [], 'say how a copy is', ['show s3-job -j s3mover-get-bucket-… -n inference'])
    .requiredOption('-j, --job <name>', 'as get-s3 and put-s3 print it')
    .action(shown);
  return [...copies, show];
}

/** `create|delete s3-secret` and `ca-config-map`, `delete s3-job`. */
export function s3Keys(verbs: Verbs): void {
  entity(verbs.create, 's3-secret', [], 'keep the keys of an S3 server in a Secret', [
    'create s3-secret -d s3-keys -a AKIA… < file-with-the-secret-key'
  ])
    .requiredOption('-d, --secret-name <name>', 'of the Secret')
    .requiredOption('-a, --access-key <key>', 'the access key')
    .option(
      '-s, --secret-key <key>',
      'the secret key; everybody on this machine sees it here: leave it out to type it, or pipe it in'
    )
    .option('--dry-run', 'ask the cluster whether it would take it, and make nothing')
    .action(createSecret);
  entity(verbs.create, 'ca-config-map', [], 'keep the certificate of an authority in a ConfigMap', [
    'create ca-config-map -c s3-authority -f ca.pem'
  ])
    .requiredOption('-c, --config-map-name <name>', 'of the ConfigMap')
    .requiredOption('-f, --file <file>', 'PEM certificates')
    .option('--dry-run', 'ask the cluster whether it would take it, and make nothing')
    .action(createAuthority);
  const removal = (name: string, description: string, option: string) =>
    entity(verbs.delete, name, [], description, [`delete ${name} ${option.split(',')[0]} NAME`]).requiredOption(
      option,
      'which one'
    );
  removal('s3-secret', 'remove the keys of an S3 server', '-d, --secret-name <name>').action(
    (flags: Common & { secretName: string }) => removeKeys('Secret', flags.secretName, flags)
  );
  removal('ca-config-map', 'remove the certificate of an authority', '-c, --config-map-name <name>').action(
    (flags: Common & { configMapName: string }) => removeKeys('ConfigMap', flags.configMapName, flags)
  );
  removal('s3-job', 'remove a copy’s Job; a running one is stopped, what was copied stays', '-j, --job <name>').action(removeJob);
}

/** The flags of `get-s3 bucket` and `put-s3 bucket`. */
export const withBucket = (command: Command): Command =>
  withCopy(command)
    .option('-d, --pvc-dir <folder>', 'of the volume (default: its root)', '/')
    .option('--prefix <prefix>', 'of keys; files lie below the folder without it')
    .option('--glob <pattern>', 'only such paths below the folder');

/** The flags of `get-s3 object` and `put-s3 object`. */
export const withObject = (command: Command): Command =>
  withCopy(command)
    .requiredOption('-k, --object-key <key>', 'of the object')
    .option('-f, --file-location <file>', 'of the volume (default: as the key)');

function withCopy(command: Command): Command {
  return withMaking(command)
    .requiredOption('-o, --s3-host <host>', 'name or address of the server')
    .addOption(new Option('-t, --s3-port <port>', 'default: 443, or 80 without TLS').argParser(port))
    .option('-u, --use-https', 'speak TLS; certificates are then checked')
    .option('-v, --verify-certificates', 'as always with TLS; taken for the toolkit’s sake')
    .option('--insecure-skip-verify', 'with TLS: believe any certificate')
    .option('--region <region>', 'as the server calls it')
    .requiredOption('-b, --bucket-name <bucket>', 'the bucket')
    .requiredOption('-p, --pvc-name <claim>', 'the PersistentVolumeClaim')
    .requiredOption('-c, --credentials-secret <secret>', 'the Secret with access_key and secret_key')
    .option('-m, --ca-config-map <name...>', 'ConfigMaps with ca_cert, of authorities beside the system’s')
    .option('-i, --image-name <image>', 'default: the command line’s of this release')
    .option('--cpu-request <quantity>', 'as in 0.5')
    .option('--cpu-limit <quantity>', 'as in 2')
    .option('--memory-request <quantity>', 'as in 256Mi')
    .option('--memory-limit <quantity>', 'as in 1Gi');
}

export function copyRequestOf(direction: S3JobRequest['direction'], flags: CopyFlags): S3JobRequest {
  const { s3Host: host, s3Port, bucketName: bucket, pvcName: claim, credentialsSecret: secret, objectKey: key } = flags;
  const { useHttps, insecureSkipVerify, region, caConfigMap, imageName: image, pvcDir = '/', prefix, glob } = flags;
  const requests = amounts(flags.cpuRequest, flags.memoryRequest);
  const limits = amounts(flags.cpuLimit, flags.memoryLimit);
  return {
    direction,
    what:
      key === undefined
        ? { folder: pvcDir, ...(prefix !== undefined && { prefix }), ...(glob !== undefined && { glob }) }
        : { key, file: flags.fileLocation ?? key },
    host,
    bucket,
    claim,
    secret,
    ...(s3Port !== undefined && { port: s3Port }),
    ...(useHttps && { https: true }),
    ...(insecureSkipVerify && { insecure: true }),
    ...(region !== undefined && { region }),
    ...(caConfigMap !== undefined && { authorities: caConfigMap }),
    ...(image !== undefined && { image }),
    ...(requests && { requests }),
    ...(limits && { limits })
  };
}

function amounts(cpu?: string, memory?: string): { cpu?: string; memory?: string } | null {
  return cpu === undefined && memory === undefined
    ? null
    : { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
}

async function copy(direction: S3JobRequest['direction'], flags: CopyFlags): Promise<void> {
  const { createS3Job, s3JobFor, waitForS3Job, wholeObject } = await import('../../toolkit');
  const request = copyRequestOf(direction, flags);
  const { namespace, dryRun, wait, timeout, quiet } = flags;
  if (!request.https && !quiet) {
    new Notices().show('What is copied crosses the network readable by all on the way: no TLS was asked for (--use-https).');
  }
  if (dryRun !== undefined) {
    if (dryRun === 'server') {
      await createS3Job(await open(flags, 's3'), request, { dryRun: true });
    }
    return sayObjects(flags, [wholeObject('batch/v1', 'Job', namespace, s3JobFor('s3mover-dry-run', request))]);
  }
  const cluster = await open(flags, 's3');
  const begun = (await createS3Job(cluster, request))!;
  if (wait === false) {
    return tell(flags, begun);
  }
  const ended = await watched(flags, `copy ${begun.name}`, (signal, seen) =>
    waitForS3Job(cluster, begun.name, { seconds: timeout, signal, seen })
  );
  if (ended.state === 'failed') {
    throw new VeilError(
      'server_unavailable',
      `Copy ${ended.name} failed: ${ended.reason ?? 'no reason is known'}.`,
      'What was copied stays; copy again when that is mended.'
    );
  }
  await tell(flags, ended);
}

const shown = async (flags: Common & { job: string }): Promise<void> => {
  const { showS3Job } = await import('../../toolkit');
  await tell({ ...flags, quiet: false }, await showS3Job(await open(flags, 's3'), flags.job));
};

function tell(flags: Common, job: S3Job): Promise<void> {
  const why = job.reason === null ? '' : `: ${job.reason}`;
  const text = [`${job.name} is ${job.state}${why}`, ...job.said.map(line => `  ${line}`)].join('\n');
  return say(flags, { text, names: [`job/${job.name}`], document: { schema: 1, job } });
}

async function createSecret(
  flags: Common & { secretName: string; accessKey: string; secretKey?: string; dryRun?: boolean }
): Promise<void> {
  const { createS3Secret } = await import('../../toolkit');
  const { secretName: name, accessKey: access, dryRun, quiet } = flags;
  if (flags.secretKey !== undefined && !quiet) {
    new Notices().show(
      'The secret key stood on the command line, where everybody on this machine can read it: pipe it in instead.'
    );
  }
  const secret = flags.secretKey ?? (await readPassword(`the secret key of ${access}`));
  await createS3Secret(await open(flags, 's3'), name, { access, secret }, dryRun);
  await say(flags, {
    text: `Secret ${name} ${dryRun ? 'would be' : 'was'} made.`,
    names: [`secret/${name}`],
    document: { schema: 1, secret: name }
  });
}

async function createAuthority(flags: Common & { configMapName: string; file: string; dryRun?: boolean }): Promise<void> {
  const { createAuthority: create } = await import('../../toolkit');
  const { configMapName: name, file, dryRun } = flags;
  const pem = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new VeilError('not_found', `${file} cannot be read (${error.code}). Nothing was made.`, 'Check its path.');
  });
  await create(await open(flags, 's3'), name, pem, dryRun);
  await say(flags, {
    text: `ConfigMap ${name} ${dryRun ? 'would be' : 'was'} made.`,
    names: [`configmap/${name}`],
    document: { schema: 1, config_map: name }
  });
}

async function removeKeys(kind: 'Secret' | 'ConfigMap', name: string, flags: Common): Promise<void> {
  const { deleteKeys } = await import('../../toolkit');
  await deleteKeys(await open(flags, 's3'), kind, name);
  await say(flags, {
    text: `${kind} ${name} was removed.`,
    names: [`${kind.toLowerCase()}/${name}`],
    document: { schema: 1, removed: name }
  });
}

async function removeJob(flags: Common & { job: string }): Promise<void> {
  const { deleteS3Job } = await import('../../toolkit');
  await deleteS3Job(await open(flags, 's3'), flags.job);
  await say(flags, {
    text: `${flags.job} was removed; what was copied stays.`,
    names: [`job/${flags.job}`],
    document: { schema: 1, removed: flags.job }
  });
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535) {
    throw new InvalidArgumentError('It must be a number from 1 to 65535.');
  }
  return value;
}
