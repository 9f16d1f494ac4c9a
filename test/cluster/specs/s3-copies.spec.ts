import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type S3Job } from '../../../src/protocol';
import { connect, type Endpoint } from '../../../src/s3/endpoint';
import { openToolkit, showS3Job, s3RoleFor } from '../../../src/toolkit';
import { RbacAuthorizationV1Api, type V1Role, type V1RoleBinding } from '@kubernetes/client-node';
import { KEYS, startOrSkip, type RunningServer } from '../../s3/server';
import { describeWithToolkit, toolkit, veilbookReads, veilbookRuns } from './programs';
import { administrator, asServiceAccount, cliImage, clients, makeClaim, makeNamespace, removeNamespace } from './support';
import { folderOf } from './workspaces/support';

/** The machine's end of its link to the cluster (lib/settings.mjs), where pods reach a server. */
const HERE = '198.18.77.1';
const LONG = 300_000;
const FILES = 40;
const { core } = clients(administrator());

/** Bytes of the n-th file. */
const bytesOf = (n: number): Buffer => Buffer.alloc(20_000 + n, createHash('sha256').update(`${n}`).digest());

describeWithToolkit('node', 'copies between a bucket and a volume', () => {
  let namespace = '';
  let server: RunningServer | null = null;
  let claim = '';
  const folder = mkdtempSync(join(tmpdir(), 'veilbook-s3-cluster-'));

  beforeAll(async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2'];
    const names = ['-subj', '/CN=s3', '-addext', `subjectAltName=IP:${HERE}`];
    execFileSync('openssl', [...fresh, ...names, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    server = await startOrSkip({ address: HERE, tls: { cert, key } });
    if (server === null) {
      return;
    }
    const endpoint: Endpoint = { host: HERE, port: server.port, https: true, verify: true, ca: [cert], region: 'us-east-1' };
    const client = await connect(endpoint, KEYS);
    await client.send(new CreateBucketCommand({ Bucket: 'photographs' }));
    client.destroy();
    namespace = await makeNamespace('s3');
    await makeClaim({ namespace, name: 'data', storage: '64Mi' });
    claim = await folderOf(namespace, 'data');
    mkdirSync(join(claim, 'faces/.hidden'), { recursive: true });
    for (let n = 0; n < FILES; n++) {
      writeFileSync(join(claim, n % 2 ? 'faces' : 'faces/.hidden', `${n}.bin`), bytesOf(n));
    }
  }, LONG);
  afterAll(async () => {
    await server?.remove();
    if (namespace !== '') {
      await removeNamespace(namespace);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const served = (name: string, test: () => Promise<void>) => it(name, async () => (server === null ? undefined : test()), LONG);
  const says = async (...words: string[]) => {
    const ran = await veilbookRuns(...words, '-n', namespace);
    expect([words[0], ran.code, ran.code === 0 ? '' : ran.stderr]).toEqual([words[0], 0, '']);
    return ran.stdout;
  };
  const copyWords = () => [
    '-o',
    HERE,
    '-t',
    `${server!.port}`,
    '-u',
    '-b',
    'photographs',
    '-p',
    'data',
    '-c',
    'keys',
    '-m',
    'authority',
    '-i',
    cliImage,
    '--timeout=240'
  ];

  served('keys are typed and kept; certificates too; neither is overwritten', async () => {
    const made = await veilbookReads(
      KEYS.secretAccessKey,
      'create',
      's3-secret',
      '-d',
      'keys',
      '-a',
      KEYS.accessKeyId,
      '-n',
      namespace
    );
    expect([made.code, made.stdout]).toEqual([0, 'Secret keys was made.\n']);
    const again = await veilbookReads('other', 'create', 's3-secret', '-d', 'keys', '-a', 'other', '-n', namespace);
    expect([again.code, again.stderr]).toEqual([5, expect.stringMatching(/Secret keys is there already .* was not changed/)]);
    const { data } = await core.readNamespacedSecret({ namespace, name: 'keys' });
    expect(Buffer.from(data!.secret_key, 'base64').toString()).toBe(KEYS.secretAccessKey);
    await says('create', 'ca-config-map', '-c', 'authority', '-f', join(folder, 'cert.pem'));
    const key = await veilbookRuns('create', 'ca-config-map', '-c', 'wrong', '-f', join(folder, 'key.pem'), '-n', namespace);
    expect([key.code, key.stderr]).toEqual([2, expect.stringMatching(/holds no PEM certificate/)]);
  });

  served('a folder goes into a bucket and comes back into another folder, byte for byte', async () => {
    const sent = await says('put-s3', 'bucket', ...copyWords(), '-d', 'faces', '--prefix', 'set/');
    expect(sent).toMatch(/is complete/);
    expect(sent).toMatch(new RegExp(`${FILES} copied, 0 were there, 0 failed`));
    const got = await says('get-s3', 'bucket', ...copyWords(), '-d', 'back', '--prefix', 'set/');
    expect(got).toMatch(new RegExp(`${FILES} copied, 0 were there, 0 failed`));
    for (let n = 0; n < FILES; n++) {
      const path = join(claim, n % 2 ? 'back' : 'back/.hidden', `${n}.bin`);
      expect(readFileSync(path).equals(bytesOf(n))).toBe(true);
    }
    await says('put-s3', 'object', ...copyWords(), '-k', 'one', '-f', 'faces/1.bin');
    await says('get-s3', 'object', ...copyWords(), '-k', 'one', '-f', 'single/one.bin');
    expect(readdirSync(join(claim, 'single'))).toEqual(['one.bin']);
  });

  served('a copy that cannot be says why in one line, and show says it too', async () => {
    const words = copyWords().map(word => (word === 'photographs' ? 'nowhere' : word));
    const failed = await veilbookRuns('get-s3', 'bucket', ...words, '-n', namespace);
    expect([failed.code, failed.stdout]).toEqual([5, '']);
    const [, name] = /Copy (\S+) failed: .*no such bucket \(nowhere\)/.exec(failed.stderr) ?? [];
    expect(name).toMatch(/^s3mover-get-bucket-/);
    const { job } = JSON.parse(await says('show', 's3-job', '-j', name!, '--json')) as { job: S3Job };
    expect(job).toMatchObject({ state: 'failed', operation: 'get-bucket', reason: expect.stringMatching(/no such bucket/) });
    expect(await says('delete', 's3-job', '-j', name!)).toMatch(/was removed; what was copied stays/);
    const gone = await veilbookRuns('show', 's3-job', '-j', name!, '-n', namespace);
    expect(gone.code).toBe(2);
    const absent = copyWords().map(word => (word === 'authority' ? 'absent' : word));
    const none = await veilbookRuns('get-s3', 'bucket', ...absent, '-n', namespace);
    expect([none.code, none.stderr]).toEqual([2, expect.stringMatching(/There is no ConfigMap absent/)]);
  });

  served('the secret key is in the Secret and nowhere else', async () => {
    const { items: pods } = await core.listNamespacedPod({ namespace });
    expect(pods.length).toBeGreaterThan(0);
    const events = await core.listNamespacedEvent({ namespace });
    const logs = await Promise.all(pods.map(({ metadata }) => core.readNamespacedPodLog({ namespace, name: metadata!.name! })));
    const all = JSON.stringify([pods, events, logs]);
    expect(all).not.toContain(KEYS.secretAccessKey);
    expect(all).not.toContain(Buffer.from(KEYS.secretAccessKey).toString('base64'));
  });

  served('the toolkit shows and deletes ours, and its keys are read by ours', async () => {
    await says('put-s3', 'object', ...copyWords(), '-k', 'theirs', '-f', 'faces/3.bin');
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'created-by-operation=put-object' });
    const name = items[0].metadata!.labels!['job-name'];
    expect(await toolkit(namespace, `show s3-job --job=${name}`)).not.toMatch(/error/i);
    await toolkit(namespace, 'create s3-secret --secret-name=theirs --access-key=someone --secret-key=something');
    expect(await says('delete', 's3-secret', '-d', 'theirs')).toMatch(/was removed/);
    await toolkit(namespace, 'delete s3-secret --secret-name=keys');
    await expect(core.readNamespacedSecret({ namespace, name: 'keys' })).rejects.toMatchObject({ code: 404 });
  });

  served('the Role that is printed is enough', async () => {
    const config = await asServiceAccount(namespace, 'mover');
    const rbac = administrator().makeApiClient(RbacAuthorizationV1Api);
    const [role, binding] = s3RoleFor({ namespace, serviceAccount: 'mover' });
    await rbac.createNamespacedRole({ namespace, body: role as V1Role });
    await rbac.createNamespacedRoleBinding({ namespace, body: binding as V1RoleBinding });
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'created-by-operation=put-object' });
    const job = await showS3Job(await openToolkit({ namespace, config }, 's3'), items[0].metadata!.labels!['job-name']);
    expect(job).toMatchObject({ state: 'complete', reason: null });
    expect(job.said.at(-1)).toMatch(/found equal by MD5/);
  });
});
