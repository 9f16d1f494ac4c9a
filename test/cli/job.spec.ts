import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { veilbook } from './cli';
import { ramps } from './images';

const ASKED = ['--name', 'fddb', '--claim', 'inference-data', '--dataset', '/data/FDDB'];

describe('veilbook job', () => {
  it('prints a manifest without a cluster', async () => {
    const env = { KUBECONFIG: '/nowhere' };
    const args = ['job', 'manifest', ...ASKED, '--noisy', '--alpha', '0.8', '--gpus', '2', '--namespace', 'inference'];
    const { code, stdout, stderr } = await veilbook([...args, '--json'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { items } = JSON.parse(stdout) as { items: unknown[] };
    expect(items).toMatchObject([{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'fddb', namespace: 'inference' } }]);
    const yaml = await veilbook(args, { env });
    expect(yaml.stdout).toContain('\n            - $(ALPHA)\n            - --noisy\n');
  });

  it.each([
    ['--alpha 0.8', /belongs to a noisy run/],
    ['--noisy', /has no ALPHA/],
    ['--noisy --alpha 1', /between 0 and 1/],
    ['--alphas 0.2,0.8 --noisy --alpha 0.2', /cannot be used with/],
    ['--shards 0', /whole number from 1/],
    ['--dataset /etc', /outside the claim/]
  ])('refuses %s in one line, for no run of another strength is made of it', async (more, message) => {
    const { code, stdout, stderr } = await veilbook(['job', 'manifest', ...ASKED, ...more.split(' ')]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^veilbook: .*\n$/);
    expect(stderr).toMatch(message);
  });

  it('says that it finds no cluster', async () => {
    const { code, stderr } = await veilbook(['job', 'list'], {
      env: { KUBECONFIG: '/nowhere', KUBERNETES_SERVICE_HOST: undefined }
    });
    expect(code).toBe(5);
    expect(stderr).toMatch(/^veilbook: .*kubeconfig.*\n$/i);
  });
});

describe('the pods of a Job with shards', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'veilbook-job-'));
    mkdirSync(join(folder, 'FDDB', 'originalPics'), { recursive: true });
    writeFileSync(join(folder, 'FDDB', 'originalPics', 'a.jpg'), await ramps());
    writeFileSync(join(folder, 'FDDB', 'originalPics', 'b.jpg'), await ramps(200, 300));
    const face = '1\n20 10 0 100 50 1';
    writeFileSync(join(folder, 'FDDB', 'FDDB-fold-01-ellipseList.txt'), `a\n${face}\nlost\n${face}\nb\n${face}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const shard = (index: number | undefined) =>
    veilbook(
      ['job', 'run', '--results', join(folder, 'results'), '--shards', '2', '--', 'evaluate', '--dataset', join(folder, 'FDDB')],
      { env: { JOB_COMPLETION_INDEX: index === undefined ? undefined : String(index), VEILBOOK_JOB: 'one' } }
    );

  it('evaluate their parts, and the last one ends with what one process finds, the lost photograph counted', async () => {
    const alone = await veilbook(['evaluate', '--dataset', join(folder, 'FDDB')]);
    expect(alone.code).toBe(3);
    const first = await shard(1);
    expect({ code: first.code, stdout: first.stdout }).toEqual({
      code: 0,
      stdout: 'veilbook: shard 1 of 2 is done, as are 0 others\n'
    });
    const { code, stdout } = await shard(0);
    expect(code).toBe(0);
    const [document, ...others] = stdout.split('\n').filter(line => line.startsWith('veilbook: result '));
    expect(others).toEqual([]);
    expect(stdout.replace(`${document}\n`, '')).toBe(alone.stdout);
    const kept: unknown = JSON.parse(readFileSync(join(folder, 'results', 'result.json'), 'utf8'));
    expect(kept).toEqual(JSON.parse(document.slice('veilbook: result '.length)));
    expect(kept).toMatchObject({ images: 2, bad: 1 });
  });

  it('do not guess which one they are', async () => {
    const { code, stderr } = await shard(undefined);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^veilbook: JOB_COMPLETION_INDEX is not set.*\n$/);
  });
});
