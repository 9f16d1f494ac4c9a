import { createHash } from 'node:crypto';
import { createReadStream, utimesSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { getBucket, getObject, putBucket, putObject, type CopyOptions } from '../../src/s3';
import { connect } from '../../src/s3/endpoint';
import { mountNew } from '../workspaces/file-systems';
import { corrupting } from './corrupting';
import { KEYS, startOrSkip, type RunningServer } from './server';

jest.setTimeout(60_000);

const MiB = 1 << 20;
let server: RunningServer | null = null;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veilbook-copies-'));
  server = await startOrSkip();
  if (server === null) {
    return;
  }
  const client = await connect(endpoint(), KEYS);
  for (const bucket of ['data', 'parts', 'many']) {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  }
  client.destroy();
});
afterAll(async () => {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

const endpoint = (port = server!.port) => ({ host: '127.0.0.1', port, https: false, verify: true, region: 'us-east-1' });
const options = (bucket: string, more: Partial<CopyOptions> = {}): CopyOptions => ({
  endpoint: endpoint(),
  credentials: KEYS,
  bucket,
  ...more
});
const withServer = (name: string, work: () => Promise<void>) => it(name, () => (server ? work() : Promise.resolve()));

/** The same bytes each time, none of them in a row. */
function filled(bytes: number, seed: number): Buffer {
  const block = createHash('sha512').update(`${seed}`).digest();
  const buffer = Buffer.alloc(bytes);
  for (let at = 0, i = 0; at < bytes; at += block.length, i++) {
    block.writeUInt32LE(i, 0);
    block.copy(buffer, at);
  }
  return buffer;
}

async function make(root: string, files: Record<string, Buffer>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
}

async function sums(root: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      all[path.slice(root.length + 1)] = await sha256(path);
    }
  }
  return all;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

withServer('there and back, whatever the names; a second time nothing moves', async () => {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  const files = {
    'plain.txt': Buffer.from('plain'),
    empty: Buffer.alloc(0),
    '.hidden/.file': Buffer.from('hidden'),
    'deep/er/and deeper/ä ö+%26&=?#.bin': filled(100_003, 1),
    'in one.bin': filled(16 * MiB, 2),
    'in parts.bin': filled(40 * MiB + 1, 3)
  };
  await make(from, files);
  await symlink('/etc/passwd', join(from, 'link'));
  const sent = await putBucket({ ...options('data'), prefix: 'set/', folder: from });
  expect(sent).toMatchObject({ objects: 6, copied: 6, failed: 0, skipped: 1, verified: { md5: 6, size: 0 }, failures: [] });
  expect(sent.moved_bytes).toBe(sent.bytes);
  const got = await getBucket({ ...options('data'), prefix: 'set/', folder: to });
  expect(got).toMatchObject({ objects: 6, copied: 6, failed: 0, verified: { md5: 6, size: 0 } });
  await rm(join(from, 'link'));
  expect(await sums(to)).toEqual(await sums(from));
  expect(await putBucket({ ...options('data'), prefix: 'set/', folder: from })).toMatchObject({ there: 6, moved_bytes: 0 });
  expect(await getBucket({ ...options('data'), prefix: 'set/', folder: to })).toMatchObject({ there: 6, moved_bytes: 0 });
  const only = await getBucket({ ...options('data'), prefix: 'set/', glob: '**/*.{txt,bin}', folder: join(folder, 'only') });
  expect(only.objects).toBe(4);
});

withServer('one object, one file; a changed one is copied again', async () => {
  const [file, back] = [join(folder, 'one'), join(folder, 'nested/back')];
  await writeFile(file, 'first');
  await putObject({ ...options('data'), key: 'one', file });
  await mkdir(dirname(back), { recursive: true });
  expect(await getObject({ ...options('data'), key: 'one', file: back })).toMatchObject({ copied: 1 });
  await writeFile(file, 'other');
  expect(await putObject({ ...options('data'), key: 'one', file })).toMatchObject({ copied: 1 });
  expect(await getObject({ ...options('data'), key: 'one', file: back })).toMatchObject({ copied: 1 });
  expect(await readFile(back, 'utf8')).toBe('other');
});

withServer('an upload that was stopped goes on with the parts that the server has, and no others', async () => {
  const file = join(folder, 'parts.bin');
  await writeFile(file, filled(80 * MiB, 4));
  const abort = new AbortController();
  const stopped = putObject({
    ...options('parts', { signal: abort.signal, progress: ({ bytes }) => bytes >= 32 * MiB && abort.abort() }),
    key: 'p',
    file
  });
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  const went = await putObject({ ...options('parts'), key: 'p', file });
  expect(went).toMatchObject({ copied: 1, verified: { md5: 1, size: 0 } });
  expect(went.moved_bytes).toBeLessThanOrEqual(48 * MiB);
  expect(await sha256(join(server!.bucket('parts'), 'p'))).toBe(await sha256(file));
  // Other bytes under the same name: what an earlier upload left is not mixed in.
  const again = new AbortController();
  await writeFile(file, filled(80 * MiB, 5));
  await expect(
    putObject({
      ...options('parts', { signal: again.signal, progress: ({ bytes }) => bytes >= 32 * MiB && again.abort() }),
      key: 'p',
      file
    })
  ).rejects.toMatchObject({ code: 'cancelled' });
  await writeFile(file, filled(80 * MiB, 6));
  expect(await putObject({ ...options('parts'), key: 'p', file })).toMatchObject({ copied: 1, moved_bytes: 80 * MiB });
  expect(await sha256(join(server!.bucket('parts'), 'p'))).toBe(await sha256(file));
  const client = await connect(endpoint(), KEYS);
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket: 'parts' }))).Uploads ?? []).toEqual([]);
  client.destroy();
});

withServer('a download that was stopped goes on where it ended; of another version it begins anew', async () => {
  const [file, back] = [join(folder, 'down.bin'), join(folder, 'down/back.bin')];
  await mkdir(dirname(back), { recursive: true });
  const stop = async () => {
    const abort = new AbortController();
    const progress = ({ bytes }: { bytes: number }) => bytes >= 20 * MiB && abort.abort();
    await expect(
      getObject({ ...options('parts', { signal: abort.signal, progress }), key: 'd', file: back })
    ).rejects.toMatchObject({
      code: 'cancelled'
    });
    await expect(stat(back)).rejects.toMatchObject({ code: 'ENOENT' });
  };
  await writeFile(file, filled(60 * MiB, 7));
  await putObject({ ...options('parts'), key: 'd', file });
  await stop();
  const rest = await getObject({ ...options('parts'), key: 'd', file: back });
  expect(rest).toMatchObject({ copied: 1, verified: { md5: 1, size: 0 } });
  expect(rest.moved_bytes).toBeLessThanOrEqual(41 * MiB);
  expect(await sha256(back)).toBe(await sha256(file));
  await rm(back);
  await stop();
  await writeFile(file, filled(60 * MiB, 8));
  await putObject({ ...options('parts'), key: 'd', file });
  expect(await getObject({ ...options('parts'), key: 'd', file: back })).toMatchObject({ copied: 1, moved_bytes: 60 * MiB });
  expect(await sha256(back)).toBe(await sha256(file));
});

withServer('a file that changes while it is read is not called sent', async () => {
  const file = join(folder, 'changing.bin');
  await writeFile(file, filled(40 * MiB, 9));
  let touched = false;
  const progress = ({ bytes }: { bytes: number }) => {
    if (bytes > 0 && !touched) {
      touched = true;
      utimesSync(file, new Date(), new Date());
    }
  };
  const report = await putObject({ ...options('parts', { progress }), key: 'c', file });
  expect(report).toMatchObject({ copied: 0, failed: 1, failures: [{ code: 'conflict' }] });
  await expect(getObject({ ...options('parts'), key: 'c', file: join(folder, 'c') })).rejects.toMatchObject({
    code: 'not_found'
  });
});

withServer('bytes that are changed on the way are noticed, and fetched again; twice is an error', async () => {
  const [file, back] = [join(folder, 'sound.bin'), join(folder, 'sound/back.bin')];
  await mkdir(dirname(back), { recursive: true });
  await writeFile(file, filled(3 * MiB, 10));
  await putObject({ ...options('parts'), key: 's', file });
  const once = await corrupting(server!.port, 1);
  const mended = await getObject({ ...options('parts', { endpoint: endpoint(once.port) }), key: 's', file: back });
  expect(mended).toMatchObject({ copied: 1, moved_bytes: 6 * MiB, verified: { md5: 1 } });
  expect(await sha256(back)).toBe(await sha256(file));
  await once.close();
  await rm(back);
  const always = await corrupting(server!.port, Infinity);
  const spoilt = await getObject({ ...options('parts', { endpoint: endpoint(always.port) }), key: 's', file: back });
  expect(spoilt).toMatchObject({ copied: 0, failed: 1, failures: [{ code: 'server_mismatch' }] });
  await always.close();
  await expect(stat(back)).rejects.toMatchObject({ code: 'ENOENT' });
});

const disk = mountNew('tmpfs', 8);
afterAll(() => disk?.unmount());
(disk ? withServer : it.skip)('a full volume ends it with one line; with room it goes on', async () => {
  const file = join(folder, 'large.bin');
  await writeFile(file, filled(6 * MiB, 11));
  await putObject({ ...options('parts'), key: 'full', file });
  await writeFile(join(disk!.dir, 'filler'), Buffer.alloc(4 * MiB));
  const back = join(disk!.dir, 'back.bin');
  await expect(getObject({ ...options('parts'), key: 'full', file: back })).rejects.toMatchObject({
    code: 'output_unwritable',
    message: expect.stringMatching(/full \(ENOSPC\)/)
  });
  await rm(join(disk!.dir, 'filler'));
  const rest = await getObject({ ...options('parts'), key: 'full', file: back });
  expect(rest).toMatchObject({ copied: 1 });
  expect(rest.moved_bytes).toBeLessThan(6 * MiB);
  expect(await sha256(back)).toBe(await sha256(file));
});

withServer('a server that goes away and comes back loses nothing', async () => {
  const [from, to] = [join(folder, 'some'), join(folder, 'some back')];
  await make(from, Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}`, filled(10_000, i)])));
  let stopped: Promise<void> | null = null;
  const progress = ({ objects }: { objects: number }) => {
    if (objects === 60) {
      stopped ??= server!.stop('SIGKILL');
    }
  };
  await expect(putBucket({ ...options('many', { progress }), folder: from })).rejects.toMatchObject({
    code: 'server_unavailable'
  });
  await stopped;
  await server!.start();
  expect(await putBucket({ ...options('many'), folder: from })).toMatchObject({ objects: 200, failed: 0 });
  await getBucket({ ...options('many'), folder: to });
  expect(await sums(to)).toEqual(await sums(from));
});

describe('what is refused', () => {
  const refused = async (work: Promise<unknown>, code: string, message: RegExp) =>
    expect(work).rejects.toMatchObject({ name: 'VeilError', code, message: expect.stringMatching(message) });
  const get = (more: Partial<CopyOptions>, bucket = 'data') =>
    getBucket({ ...options(bucket, more), folder: join(folder, 'refused') });

  withServer('an unknown access key, a wrong secret key', async () => {
    await refused(get({ credentials: { ...KEYS, accessKeyId: 'nobody' } }), 'unauthorized', /does not know this access key/);
    await refused(get({ credentials: { ...KEYS, secretAccessKey: 'wrong' } }), 'unauthorized', /refuses the signature/);
  });

  withServer('no such bucket, object, file or folder', async () => {
    await refused(get({}, 'nowhere'), 'not_found', /no such bucket/);
    await refused(getObject({ ...options('data'), key: 'nothing', file: join(folder, 'x') }), 'not_found', /no object/);
    await refused(putObject({ ...options('data'), key: 'x', file: join(folder, 'nothing') }), 'not_found', /no file/);
    await refused(putBucket({ ...options('data'), folder: join(folder, 'nothing') }), 'not_found', /no folder/);
  });
});
