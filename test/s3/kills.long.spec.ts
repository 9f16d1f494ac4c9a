import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { S3Report } from '../../src/protocol';
import { connect } from '../../src/s3/endpoint';
import { KEYS, startOrSkip, type RunningServer } from './server';

jest.setTimeout(1_800_000);

const cli = resolve(__dirname, '../../veilbook/node/cli.mjs');
const OBJECTS = 10_000;
const GiB = 2 ** 30;
/** Of the large object; a machine with little room takes a smaller one by this variable. */
const LARGE = Number(process.env.VEILBOOK_S3_LARGE_BYTES ?? 2 * GiB);

let server: RunningServer | null = null;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veilbook-kills-'));
  server = await startOrSkip();
  if (server === null) {
    return;
  }
  const client = await connect({ host: '127.0.0.1', port: server.port, https: false, verify: true, region: 'us-east-1' }, KEYS);
  await client.send(new CreateBucketCommand({ Bucket: 'killed' }));
  client.destroy();
});
afterAll(async () => {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  report: S3Report | null;
  /** All that was written, and the command line. */
  said: string;
}

/** Run a copy as users do, and kill it once so much of it is done. */
function copy(words: string[], killAt?: number): Promise<Ended> {
  const args = [cli, 's3', ...words, '-o', '127.0.0.1', '-t', `${server!.port}`, '-b', 'killed', '--json'];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey }
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', chunk => (stdout += chunk));
    child.stderr.on('data', chunk => {
      stderr += chunk;
      const [percent] = /(\d+)%[^%]*$/.exec(stderr)?.slice(1).map(Number) ?? [];
      if (killAt !== undefined && percent !== undefined && percent >= killAt) {
        child.kill('SIGKILL');
      }
    });
    child.on('error', fail).on('close', code => {
      const report = code === 0 ? (JSON.parse(stdout) as S3Report) : null;
      done({ code, report, said: `${args.join(' ')}\n${stdout}\n${stderr}` });
    });
  });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

/** Of all files below a folder, with their names. */
async function sumOf(root: string): Promise<{ files: number; sha256: string }> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) {
    hash.update(`${name.slice(root.length)} ${await sha256(name)}\n`);
  }
  return { files: names.length, sha256: hash.digest('hex') };
}

it('10,000 small objects, killed half-way each way, equal by checksum', async () => {
  if (!server) {
    return;
  }
  const [from, to] = [join(folder, 'small'), join(folder, 'small back')];
  for (let i = 0; i < OBJECTS; i++) {
    const place = join(from, `${i % 100}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `${i}.bin`), randomBytes(1 + (i % 8000)));
  }
  const sent = await copy(['put', 'bucket', '-d', from, '--prefix', 'small/'], 40);
  expect(sent.code).toBeNull();
  const rest = await copy(['put', 'bucket', '-d', from, '--prefix', 'small/']);
  expect(rest).toMatchObject({ code: 0, report: { objects: OBJECTS, failed: 0, verified: { md5: OBJECTS } } });
  expect(rest.report!.there).toBeGreaterThan(OBJECTS / 4);
  const fetched = await copy(['get', 'bucket', '-d', to, '--prefix', 'small/'], 40);
  expect(fetched.code).toBeNull();
  const restBack = await copy(['get', 'bucket', '-d', to, '--prefix', 'small/']);
  expect(restBack).toMatchObject({ code: 0, report: { objects: OBJECTS, failed: 0, verified: { md5: OBJECTS } } });
  expect(restBack.report!.there).toBeGreaterThan(OBJECTS / 4);
  // What the kill left half written has been finished under its own name.
  expect(await sumOf(to)).toEqual(await sumOf(from));
  for (const { said } of [sent, rest, fetched, restBack]) {
    expect(said).not.toContain(KEYS.secretAccessKey);
  }
});

it('one large object, killed half-way each way, equal by checksum', async () => {
  if (!server) {
    return;
  }
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < 5 * LARGE) {
    process.stderr.write(`skipped: ${LARGE / GiB} GiB need five times the room in ${folder}\n`);
    return;
  }
  const [file, back] = [join(folder, 'large'), join(folder, 'large back')];
  const block = 1 << 20;
  await pipeline(
    Readable.from(
      (function* () {
        for (let at = 0; at < LARGE; at += block) {
          yield randomBytes(Math.min(block, LARGE - at));
        }
      })()
    ),
    createWriteStream(file)
  );
  const object = ['-k', 'large', '-f'];
  expect((await copy(['put', 'object', ...object, file], 40)).code).toBeNull();
  const put = await copy(['put', 'object', ...object, file]);
  expect(put).toMatchObject({ code: 0, report: { copied: 1, verified: { md5: 1 } } });
  expect(put.report!.moved_bytes).toBeLessThan(0.7 * LARGE);
  expect((await copy(['get', 'object', ...object, back], 40)).code).toBeNull();
  const got = await copy(['get', 'object', ...object, back]);
  expect(got).toMatchObject({ code: 0, report: { copied: 1, verified: { md5: 1 } } });
  expect(got.report!.moved_bytes).toBeLessThan(0.7 * LARGE);
  expect(await sha256(back)).toBe(await sha256(file));
});
