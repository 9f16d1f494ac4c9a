import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { veilbook, type Ran } from '../cli/cli';
import { KEYS, startOrSkip, type RunningServer } from './server';

jest.setTimeout(600_000);

let plain: RunningServer | null = null;
let secure: RunningServer | null = null;
let folder: string;
let cert: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veilbook-refusals-'));
  const key = join(folder, 'key.pem');
  cert = join(folder, 'cert.pem');
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
  const names = ['-subj', '/CN=s3', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [...fresh, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  plain = await startOrSkip();
  secure = plain && (await startOrSkip({ tls: { cert, key } }));
});
afterAll(async () => {
  await plain?.remove();
  await secure?.remove();
  await rm(folder, { recursive: true, force: true });
});

const keys = { AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey };
const getBucket = (port: number, more: string[] = [], env: NodeJS.ProcessEnv = keys, host = '127.0.0.1'): Promise<Ran> =>
  veilbook(['s3', 'get', 'bucket', '-o', host, '-t', `${port}`, '-b', 'nowhere', '-d', join(folder, 'got'), ...more], { env });
const withServers = (name: string, work: () => Promise<void>) => it(name, () => (plain && secure ? work() : Promise.resolve()));

/** One line that says why, this exit code, and nothing of the key. */
function expectRefusal({ code, stdout, stderr }: Ran, exit: number, line: RegExp): void {
  const told = stderr.split('\n').filter(each => each !== '' && !/no TLS was asked for|certificates are not checked/.test(each));
  expect(told).toEqual([expect.stringMatching(line)]);
  expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
  expect(stderr).not.toContain(KEYS.secretAccessKey);
}

it('nobody there', async () => {
  expectRefusal(await getBucket(1), 5, /http:\/\/127\.0\.0\.1:1 did not answer \(ECONNREFUSED\)\. Check host and port/);
});

it('no keys, and a folder without them', async () => {
  const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  expectRefusal(await getBucket(1, [], none), 5, /No keys for S3 were given\. Set AWS_ACCESS_KEY_ID/);
  await mkdir(join(folder, 'keys'));
  await writeFile(join(folder, 'keys/access_key'), 'someone');
  expectRefusal(await getBucket(1, ['--credentials', join(folder, 'keys')]), 5, /secret_key cannot be read \(ENOENT\)/);
});

withServers('TLS with a server that has none, and none with one that has', async () => {
  expectRefusal(await getBucket(plain!.port, ['-u']), 4, /does not speak TLS/);
  expect((await getBucket(secure!.port)).code).not.toBe(0);
});

withServers('a certificate of nobody known, one for another name; the right one is accepted', async () => {
  expectRefusal(
    await getBucket(secure!.port, ['-u', '-v'], keys, 'localhost'),
    4,
    /certificate of https:.* is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/
  );
  expectRefusal(await getBucket(secure!.port, ['-u', '--ca', cert]), 4, /not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  expectRefusal(await getBucket(secure!.port, ['-u', '--ca', cert], keys, 'localhost'), 2, /no such bucket \(nowhere\)/);
  expectRefusal(await getBucket(secure!.port, ['-u', '--insecure-skip-verify']), 2, /no such bucket/);
  expectRefusal(await getBucket(secure!.port, ['-u', '--ca', join(folder, 'nothing')]), 2, /nothing cannot be read \(ENOENT\)/);
});

withServers('keys from a folder are used, and shown nowhere', async () => {
  const given = join(folder, 'given');
  await mkdir(given);
  await writeFile(join(given, 'access_key'), `${KEYS.accessKeyId}\n`);
  await writeFile(join(given, 'secret_key'), `${KEYS.secretAccessKey}\n`);
  const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  expectRefusal(await getBucket(plain!.port, ['--credentials', given], none), 2, /no such bucket/);
  expect(await readFile(join(given, 'access_key'), 'utf8')).toContain(KEYS.accessKeyId);
});
