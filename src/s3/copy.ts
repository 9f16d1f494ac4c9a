import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { VeilError, type S3Failure, type S3Report } from '../protocol';
import { download, type Copied, type Transfer } from './download';
import { connect, type Credentials, type Endpoint } from './endpoint';
import { failureOf, stopped } from './failures';
import { headObject, keyFilter, listObjects, type RemoteObject } from './objects';
import { filesBelow, pathOf, type LocalFile } from './paths';
import { several } from './several';
import { upload, WHOLE } from './upload';

export interface S3Progress {
  objects: number;
  of: number;
  bytes: number;
  of_bytes: number;
}

export interface CopyOptions {
  endpoint: Endpoint;
  credentials: Credentials;
  bucket: string;
  progress?: (progress: S3Progress) => void;
  signal?: AbortSignal;
}

/** Objects or files under way at once; of those that go in parts, one. */
const AT_ONCE = 8;
/** Failures that a report lists; the others are counted. */
const LISTED = 100;
/** What stops everything: no other object would do better. */
const FATAL = new Set(['cancelled', 'unauthorized', 'server_unavailable', 'quota_exceeded']);

/**
 * Copy the objects of a bucket whose keys begin with `prefix` (the prefix itself is taken away) to files below a folder.
 * Objects that are there already, byte for byte, are left as they are. One that cannot be copied is in the report, and the others
 * go on.
 * @param glob of keys without the prefix; all if not said
 * @throws VeilError what concerns all of them: `server_unavailable`, `server_mismatch`, `unauthorized`, `forbidden`, `not_found`
 * (the bucket), `output_unwritable` (a full volume), `cancelled`
 */
export function getBucket(options: CopyOptions & { prefix?: string; glob?: string; folder: string }): Promise<S3Report> {
  const { bucket, prefix = '', glob, folder } = options;
  return copying('get', options, async copy => {
    const objects: RemoteObject[] = [];
    for await (const object of listObjects(copy.client, { bucket, prefix, glob }, options.signal)) {
      // A name that ends with a slash stands for a folder in consoles; it holds nothing.
      if (!(object.key.endsWith('/') && object.bytes === 0)) {
        objects.push(object);
      }
    }
    copy.expect(objects);
    await copy.each(
      objects,
      object => object.key,
      (object, transfer) => download(transfer, object, folder, pathOf(folder, object.key.slice(prefix.length)))
    );
  });
}

/** Copy one object to one file. @throws VeilError as `getBucket`, and for the object itself */
export function getObject(options: CopyOptions & { key: string; file: string }): Promise<S3Report> {
  const { bucket, key, file, signal } = options;
  return copying('get', options, async copy => {
    const object = await headObject(copy.client, bucket, key, signal);
    copy.expect([object]);
    await copy.each(
      [object],
      () => key,
      (_, transfer) => download(transfer, object, dirname(file), file)
    );
  });
}

/**
 * Copy the files below a folder, hidden ones too, to objects whose keys are their paths below it, with `prefix` before them.
 * Links are left out, and told.
 * @throws VeilError as `getBucket`
 */
export function putBucket(options: CopyOptions & { prefix?: string; glob?: string; folder: string }): Promise<S3Report> {
  const { bucket, prefix = '', glob, folder, signal } = options;
  return copying('put', options, async copy => {
    const wanted = keyFilter(glob);
    const files: LocalFile[] = [];
    await requireFolder(folder);
    for await (const file of filesBelow(folder, prefix, copy.skip)) {
      if (wanted(file.key.slice(prefix.length))) {
        files.push(file);
      }
    }
    copy.expect(files);
    const present = new Map<string, RemoteObject>();
    for await (const object of listObjects(copy.client, { bucket, prefix }, signal)) {
      present.set(object.key, object);
    }
    await copy.each(
      files,
      file => file.path,
      (item, transfer) => upload(transfer, item, present.get(item.key) ?? null)
    );
  });
}

/** Copy one file to one object. @throws VeilError as `getBucket`, and for the file itself */
export function putObject(options: CopyOptions & { key: string; file: string }): Promise<S3Report> {
  const { bucket, key, file: path, signal } = options;
  return copying('put', options, async copy => {
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) {
      throw new VeilError('not_found', `There is no file ${path}.`, 'Check its path.');
    }
    const file = { path, key, bytes: found.size };
    copy.expect([file]);
    const present = await headObject(copy.client, bucket, key, signal).catch((error: { name?: string }) => {
      if (error.name === 'NotFound' || error.name === 'NoSuchKey') {
        return null;
      }
      throw error;
    });
    await copy.each(
      [file],
      () => path,
      (_, transfer) => upload(transfer, file, present)
    );
  });
}

async function requireFolder(folder: string): Promise<void> {
  if (!(await stat(folder).catch(() => null))?.isDirectory()) {
    throw new VeilError('not_found', `There is no folder ${folder}.`, 'Check its path.');
  }
}

/** One run over many: what is under way, and what came of it. */
class Copy {
  readonly report: Omit<S3Report, 'seconds'>;
  private readonly so: S3Progress = { objects: 0, of: 0, bytes: 0, of_bytes: 0 };

  constructor(
    readonly client: S3Client,
    direction: S3Report['direction'],
    private readonly options: CopyOptions
  ) {
    const { bucket } = options;
    const nothing = { objects: 0, copied: 0, there: 0, failed: 0, skipped: 0, bytes: 0, moved_bytes: 0 };
    this.report = { schema: 1, direction, bucket, ...nothing, verified: { md5: 0, size: 0 }, failures: [] };
  }

  readonly skip = (): void => {
    this.report.skipped++;
  };

  expect(all: readonly { bytes: number }[]): void {
    this.report.objects = this.so.of = all.length;
    this.report.bytes = this.so.of_bytes = all.reduce((sum, { bytes }) => sum + bytes, 0);
    this.tell(0, 0);
  }

  /** Small ones several at a time, then large ones, whose parts are several, one after the other. */
  async each<T extends { bytes: number }>(
    all: readonly T[],
    nameOf: (item: T) => string,
    work: (item: T, transfer: Transfer) => Promise<Copied>
  ): Promise<void> {
    const one = (item: T) => this.one(item, nameOf(item), work);
    await several(
      all.filter(({ bytes }) => bytes <= WHOLE),
      AT_ONCE,
      one
    );
    await several(
      all.filter(({ bytes }) => bytes > WHOLE),
      1,
      one
    );
  }

  private async one<T extends { bytes: number }>(
    item: T,
    name: string,
    work: (item: T, transfer: Transfer) => Promise<Copied>
  ): Promise<void> {
    const { client, options } = this;
    let passed = 0;
    const moved = (bytes: number) => {
      passed += bytes;
      this.tell(0, bytes);
    };
    try {
      const copied = await work(item, { client, bucket: options.bucket, signal: options.signal, moved });
      this.report[copied.outcome]++;
      this.report.verified[copied.verified]++;
      this.report.moved_bytes += copied.moved;
    } catch (thrown) {
      const error = options.signal?.aborted ? stopped() : failureOf(thrown, options.endpoint, name);
      if (FATAL.has(error.code) || isFull(thrown)) {
        throw error;
      }
      this.fail({ name, code: error.code, message: error.line });
    }
    this.tell(1, item.bytes - passed);
  }

  private tell(objects: number, bytes: number): void {
    this.so.objects += objects;
    this.so.bytes += bytes;
    this.options.progress?.({ ...this.so });
  }

  private fail(failure: S3Failure): void {
    this.report.failed++;
    if (this.report.failures.length < LISTED) {
      this.report.failures.push(failure);
    }
  }
}

const isFull = (thrown: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((thrown as NodeJS.ErrnoException).code ?? '');

async function copying(
  direction: S3Report['direction'],
  options: CopyOptions,
  work: (copy: Copy) => Promise<void>
): Promise<S3Report> {
  const { endpoint, credentials, bucket } = options;
  const began = performance.now();
  const client = await connect(endpoint, credentials);
  const copy = new Copy(client, direction, options);
  try {
    await work(copy);
  } catch (thrown) {
    throw options.signal?.aborted ? stopped() : failureOf(thrown, endpoint, bucket);
  } finally {
    client.destroy();
  }
  return { ...copy.report, seconds: (performance.now() - began) / 1000 };
}
