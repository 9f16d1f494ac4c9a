import { type BatchRequest, type VeilError } from '../protocol';
import { jobFor, withSharedLimit } from './manifest';

const FDDB: BatchRequest = {
  name: 'netapp-inference-protopia-0.8',
  claim: 'inference-data',
  dataset: '/data/netapp-face-detection/FDDB',
  image: 'veilbook:1'
};
const containerOf = (request: BatchRequest) => jobFor(request).spec!.template.spec!.containers[0];
const refusal = (request: BatchRequest): VeilError => {
  try {
    jobFor(request);
  } catch (thrown) {
    return thrown as VeilError;
  }
  throw new Error('it was taken');
};

describe('a Job', () => {
  it('of one pod is the report’s, with what the strictest pod security asks for', () => {
    const { spec } = jobFor({ ...FDDB, alpha: 0.8, gpus: 2 });
    const { containers, ...pod } = spec!.template.spec!;
    expect(spec!.backoffLimit).toBe(5);
    expect(containers[0]).toMatchObject({
      command: ['python3', 'run-accuracy-measurement.py', '--dataset', FDDB.dataset, '--alpha', '$(ALPHA)', '--noisy'],
      env: [{ name: 'ALPHA', value: '0.8' }],
      imagePullPolicy: 'IfNotPresent',
      resources: { limits: { 'nvidia.com/gpu': '2' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
    });
    expect(pod).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'inference-data' } },
        { name: 'dshm', emptyDir: { medium: 'Memory' } }
      ]
    });
  });

  it('without ALPHA is a clean run, with no word of noise', () => {
    expect(containerOf(FDDB)).not.toHaveProperty('env');
    expect(containerOf(FDDB).command).toEqual(['python3', 'run-accuracy-measurement.py', '--dataset', FDDB.dataset]);
  });

  it('of several shards is an Indexed Job that keeps what is done on the claim', () => {
    const { spec } = jobFor({ ...FDDB, name: 'fddb', alpha: 0.8, shards: 8, parallel: 4, backoff_limit: 3 });
    expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 8, parallelism: 4, backoffLimitPerIndex: 3 });
    expect(spec).not.toHaveProperty('backoffLimit');
    expect(spec?.template.spec?.containers[0].command?.join(' ')).toBe(
      'veilbook job run --results /data/veilbook-results/fddb --shards 8 -- ' +
        'evaluate --dataset /data/netapp-face-detection/FDDB --alpha $(ALPHA) --noisy'
    );
  });

  it('for an older cluster has one limit for all shards', () => {
    const { spec } = withSharedLimit(jobFor({ ...FDDB, name: 'fddb', shards: 8, backoff_limit: 3 }));
    expect(spec).toMatchObject({ completionMode: 'Indexed', backoffLimit: 24 });
    expect(spec).not.toHaveProperty('backoffLimitPerIndex');
  });

  it('over several ALPHAs is a sweep', () => {
    const { command, env } = containerOf({ ...FDDB, alphas: [0.05, 0.8] });
    expect(command).toEqual(['veilbook', 'sweep', '--dataset', FDDB.dataset, '--alphas', '$(ALPHAS)']);
    expect(env).toEqual([{ name: 'ALPHAS', value: '0.05,0.8' }]);
  });

  it('of a snapshot reads a clone that it cannot write to, and writes its results to the claim', () => {
    const { spec } = jobFor({ ...FDDB, name: 'fddb', shards: 2, snapshot: 'veilbook-1' });
    const { containers, volumes } = spec!.template.spec!;
    expect(volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'fddb-data', readOnly: true } });
    expect(volumes).toContainEqual({ name: 'results', persistentVolumeClaim: { claimName: 'inference-data' } });
    expect(containers[0].volumeMounts).toContainEqual({ name: 'data', mountPath: '/data', readOnly: true });
    expect(containers[0].command).toContain('/results/veilbook-results/fddb');
  });

  it('takes a dollar in a folder’s name for a dollar', () => {
    expect(containerOf({ ...FDDB, dataset: '$(HOME)/a$b' }).command?.at(-1)).toBe('/data/$$(HOME)/a$$b');
  });

  it('is the same for the same request, and known by that', () => {
    const hash = (request: BatchRequest) => jobFor(request).metadata?.annotations?.['veilbook.dev/manifest'];
    expect(hash(FDDB)).toBe(hash({ ...FDDB }));
    expect(hash(FDDB)).toBe(hash({ ...FDDB, dataset: 'netapp-face-detection/FDDB' }));
    expect(hash(FDDB)).not.toBe(hash({ ...FDDB, gpus: 1 }));
  });

  it.each([
    ['a name with capitals', { name: 'FDDB' }, /is no name for a Job/],
    ['a dot in the name of one with shards', { shards: 2 }, /is no name for a Job/],
    ['a folder outside the claim', { dataset: '/etc' }, /outside the claim/],
    ['a way out of the claim', { dataset: '../etc' }, /outside the claim/],
    ['results outside the claim', { results: '/data/../x' }, /outside the claim/],
    ['no folder', { dataset: '' }, /outside the claim/],
    ['one ALPHA and several', { alpha: 0.2, alphas: [0.4] }, /one ALPHA or a sweep/],
    ['an ALPHA of 1', { alpha: 1 }, /alpha: /],
    ['half a shard', { shards: 1.5 }, /shards: /]
  ])('is refused for %s', (_what, change, message) => {
    expect(refusal({ ...FDDB, ...change }).message).toMatch(message);
  });
});
