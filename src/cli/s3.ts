import { Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';
import type { CopyOptions, S3Progress } from '../s3';
import { FAILURES, type ErrorCode, type S3Report } from '../protocol';
import { bytes as bytesText } from './workspace-report';
import { Notices, print } from './output';
import { barOf, openDisplay } from './progress';

const AFTER = `
Keys are read from a folder with the files access_key and secret_key (--credentials), or from AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; never from the command line. What is there already, byte for byte, is not copied again: the
same command goes on where it was stopped.
Exit codes: 0 all is there; 2 wrong use, or no such bucket, object or file; 4 the server's certificate or answers are not accepted; 5 it is
away, or does not allow it; 6 a volume is full; 130 stopped; else what the first object that failed ended with.`;

interface Flags {
  s3Host: string;
  s3Port?: number;
  useHttps?: boolean;
  /** False by --insecure-skip-verify. */
  verifyCertificates?: boolean;
  insecureSkipVerify?: boolean;
  ca?: string[];
  region: string;
  bucketName: string;
  credentials?: string;
  json?: boolean;
}

interface ManyFlags extends Flags {
  dir: string;
  prefix: string;
  glob?: string;
}

interface OneFlags extends Flags {
  objectKey: string;
  fileLocation: string;
}

/** `veilbook s3`: copies between a bucket and this machine's files. */
export function s3Command(): Command {
  const s3 = new Command('s3')
    .description('copy between a bucket of an S3 server and files here: resumable, checked')
    .addHelpText('after', AFTER);
  for (const direction of ['get', 'put'] as const) {
    const into = direction === 'get' ? 'a bucket into a folder' : 'a folder into a bucket';
    const way = new Command(direction).description(`copy ${into}, or one object`);
    withServer(way.command('bucket').description(`copy ${into}`))
      .requiredOption('-d, --dir <folder>', 'of the files')
      .option('--prefix <prefix>', 'of keys; files lie below the folder without it', '')
      .option('--glob <pattern>', 'only such paths below the folder, as in "**/*.jpg"')
      .action((flags: ManyFlags) => many(direction, flags));
    withServer(way.command('object').description('copy one object'))
      .requiredOption('-k, --object-key <key>', 'of the object')
      .requiredOption('-f, --file-location <file>', 'of the file')
      .action((flags: OneFlags) => one(direction, flags));
    s3.addCommand(way);
  }
  return s3;
}

/** Flags of the server, by the names of the NetApp DataOps Toolkit where it has one. */
function withServer(command: Command): Command {
  return command
    .requiredOption('-o, --s3-host <host>', 'name or address of the server')
    .addOption(new Option('-t, --s3-port <port>', 'default: 443, or 80 without TLS').argParser(port))
    .option('-u, --use-https', 'speak TLS')
    .option('-v, --verify-certificates', 'as always with TLS; taken for the toolkit’s sake')
    .option('--insecure-skip-verify', 'with TLS: believe any certificate')
    .option('--ca <file...>', 'PEM certificates of authorities beside the system’s')
    .option('--region <region>', 'as the server calls it', process.env.AWS_REGION ?? 'us-east-1')
    .requiredOption('-b, --bucket-name <bucket>', 'the bucket')
    .option('--credentials <folder>', 'with the files access_key and secret_key')
    .option('--json', 'print one JSON document');
}

async function many(direction: S3Report['direction'], flags: ManyFlags): Promise<void> {
  const { getBucket, putBucket } = await import('../s3');
  const { prefix, glob } = flags;
  await copying(flags, options =>
    (direction === 'get' ? getBucket : putBucket)({ ...options, prefix, glob, folder: resolve(flags.dir) })
  );
}

async function one(direction: S3Report['direction'], flags: OneFlags): Promise<void> {
  const { getObject, putObject } = await import('../s3');
  await copying(flags, options =>
    (direction === 'get' ? getObject : putObject)({ ...options, key: flags.objectKey, file: resolve(flags.fileLocation) })
  );
}

async function copying(flags: Flags, copy: (options: CopyOptions) => Promise<S3Report>): Promise<void> {
  const { s3Host: host, s3Port, useHttps: https = false, insecureSkipVerify = false, ca, region, bucketName: bucket } = flags;
  const notices = new Notices();
  if (!https) {
    notices.show('What is copied crosses the network readable by all on the way: no TLS was asked for (--use-https).');
  } else if (insecureSkipVerify) {
    notices.show('Whoever is on the way may read and change what is copied: certificates are not checked.');
  }
  const { readCredentials } = await import('../s3');
  const credentials = await readCredentials(flags.credentials);
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const display = openDisplay<S3Progress>(process.stderr, { bar: progressText, line: progressText, step: tenth, every: 5_000 });
  try {
    const report = await copy({
      endpoint: { host, port: s3Port, https, verify: !insecureSkipVerify, ca, region },
      credentials,
      bucket,
      progress: progress => display.show(progress),
      signal: abort.signal
    });
    display.close();
    print(flags.json ? report : reportText(report));
    const [failure] = report.failures;
    if (failure) {
      report.failures.slice(0, 10).forEach(({ message }) => notices.show(message));
      notices.show(`${report.failed} of ${report.objects} were not copied. The same command tries them again.`);
      process.exitCode = FAILURES[failure.code as ErrorCode].exit;
    }
  } finally {
    display.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

const progressText = ({ objects, of, bytes, of_bytes: all }: S3Progress): string =>
  `${barOf(all > 0 ? bytes / all : of > 0 ? objects / of : 0)} ${objects} of ${of} objects · ${bytesText(bytes)} of ${bytesText(all)}`;

/** Where nothing is drawn over, a line for each tenth of the way. */
const tenth = ({ bytes, of_bytes: all, of }: S3Progress): string => `${of} ${all > 0 ? Math.floor((10 * bytes) / all) : 0}`;

function reportText(report: S3Report): string {
  const { copied, there, skipped, bytes, moved_bytes: moved, verified, seconds } = report;
  const lines = [
    `${copied} copied, ${there} were there, ${report.failed} failed: ${bytesText(bytes)}, ${bytesText(moved)} of it moved, in ${seconds.toFixed(1)} s`,
    `${verified.md5} found equal by MD5${verified.size > 0 ? `, ${verified.size} by their size alone` : ''}`
  ];
  return [...lines, ...(skipped > 0 ? [`${skipped} links and other things that are no files were left out`] : [])].join('\n');
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > 65_535) {
    throw new InvalidArgumentError('It must be a number from 1 to 65535.');
  }
  return value;
}
