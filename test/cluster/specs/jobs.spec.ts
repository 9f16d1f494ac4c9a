import {
  BatchV1Api,
  RbacAuthorizationV1Api,
  type KubeConfig,
  type V1PodSpec,
  type V1Role,
  type V1RoleBinding
} from '@kubernetes/client-node';
import { jobRoleFor, listJobs, logsOf, openJobs, removeJob, submit, Watcher } from '../../../src/jobs';
import { type BatchRequest } from '../../../src/protocol';
import {
  administrator,
  asServiceAccount,
  clients,
  describeAt,
  makeClaim,
  makeNamespace,
  removeNamespace,
  until
} from './support';

const FDDB: BatchRequest = {
  name: 'fddb',
  claim: 'inference-data',
  dataset: '/data/FDDB',
  image: 'veilbook:1',
  alpha: 0.8,
  shards: 4
};
const batch = () => administrator().makeApiClient(BatchV1Api);
const open = (namespace: string, config: KubeConfig = administrator()) => openJobs({ namespace, config });

async function madeIn(namespace: string): Promise<string[]> {
  const [jobs, claims] = [
    await batch().listNamespacedJob({ namespace }),
    await clients(administrator()).core.listNamespacedPersistentVolumeClaim({ namespace })
  ];
  return [...jobs.items, ...claims.items].map(({ metadata }) => metadata?.name ?? '').filter(name => name !== FDDB.claim);
}

describeAt('api', 'a Job', () => {
  let namespace = '';
  const { core } = clients(administrator());
  beforeAll(async () => {
    namespace = await makeNamespace('jobs');
    await makeClaim({ namespace, name: 'inference-data' });
  });
  afterEach(async () => {
    for (const { name } of await listJobs(open(namespace))) {
      await removeJob(open(namespace), name);
    }
    await until('no Job is left', async () => (await madeIn(namespace)).length === 0);
  });
  afterAll(() => removeNamespace(namespace));

  it('is made once, however often it is asked for, and is listed with what it was asked', async () => {
    const first = await submit(open(namespace), FDDB);
    expect(first).toMatchObject({ made: true, job: { name: 'fddb', state: 'pending', share: 0, request: FDDB } });
    expect(first.job.results).toBe('inference-data:veilbook-results/fddb');
    expect(first.notes.join()).toMatch(/one node at a time/);
    expect(await submit(open(namespace), FDDB)).toMatchObject({ made: false, job: { created: first.job.created } });
    const [listed, ...others] = await listJobs(open(namespace));
    expect(listed).toMatchObject({ name: 'fddb', request: FDDB });
    expect(listed.shards).toHaveLength(4);
    expect(others).toEqual([]);
  });

  it('is not taken for another that has its name', async () => {
    await submit(open(namespace), FDDB);
    await expect(submit(open(namespace), { ...FDDB, alpha: 0.2 })).rejects.toMatchObject({
      code: 'conflict',
      line: expect.stringMatching(/asks for something else.*veilbook job delete fddb/)
    });
    await batch().createNamespacedJob({
      namespace,
      body: { metadata: { name: 'foreign' }, spec: { suspend: true, template: { spec: foreign } } }
    });
    await expect(submit(open(namespace), { ...FDDB, name: 'foreign' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(removeJob(open(namespace), 'foreign')).rejects.toMatchObject({ code: 'not_found' });
    await batch().deleteNamespacedJob({ namespace, name: 'foreign', propagationPolicy: 'Background' });
  });

  it('of a claim on one node at a time puts all shards beside each other', async () => {
    await submit(open(namespace), FDDB);
    const made = await batch().readNamespacedJob({ namespace, name: 'fddb' });
    const [term] = made.spec?.template.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    expect(term).toMatchObject({
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: { matchLabels: { 'veilbook.dev/job': 'fddb' } }
    });
  });

  it.each([
    ['a claim that is not there', { claim: 'elsewhere' }, 'not_found', /no claim elsewhere .* No Job was made/],
    ['a snapshot that is not there', { snapshot: 'never' }, 'not_found', /no snapshot never .* No Job was made/],
    ['the latest snapshot of a claim without any', { snapshot: 'latest' }, 'not_found', /no ready snapshot/],
    ['an amount that is none', { memory: 'much' }, 'bad_request', /quantities must match/]
  ])('is refused in one line for %s, and nothing is made', async (_what, change, code, message) => {
    await expect(submit(open(namespace), { ...FDDB, ...change })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message)
    });
    expect(await madeIn(namespace)).toEqual([]);
  });

  it.each([
    ['processors', { 'requests.cpu': '500m' }, /exceeded quota: small, requested: requests.cpu=1/],
    ['GPUs', { 'requests.nvidia.com/gpu': '1' }, /exceeded quota: small, requested: requests.nvidia.com\/gpu=2/],
    ['Jobs', { 'count/jobs.batch': '0' }, /exceeded quota: small, requested: count\/jobs.batch=1/]
  ])('is refused where a quota has too few %s, and nothing is made', async (_what, hard, message) => {
    const name = 'small';
    await core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name }, spec: { hard: hard as Record<string, string> } }
    });
    try {
      await until('the quota is in force', async () => {
        const { status } = await core.readNamespacedResourceQuota({ namespace, name });
        return status?.hard !== undefined;
      });
      await until('the API server knows it', () =>
        submit(open(namespace), { ...FDDB, gpus: 2 }).then(
          async () => {
            await removeJob(open(namespace), 'fddb');
            return false;
          },
          thrown => {
            expect(thrown).toMatchObject({ code: 'quota_exceeded', message: expect.stringMatching(message) });
            return true;
          }
        )
      );
      expect((await listJobs(open(namespace))).length).toBe(0);
    } finally {
      await core.deleteNamespacedResourceQuota({ namespace, name });
    }
  });
});

describeAt('api', 'with no more rights than veilbook rbac --jobs prints', () => {
  let namespace = '';
  let config: KubeConfig;
  const rbac = administrator().makeApiClient(RbacAuthorizationV1Api);
  const [role, binding] = jobRoleFor({ namespace: '', serviceAccount: 'batch' }) as [V1Role, V1RoleBinding];

  beforeAll(async () => {
    namespace = await makeNamespace('job-rights');
    await makeClaim({ namespace, name: 'inference-data' });
    config = await asServiceAccount(namespace, 'batch');
    const inPlace = { name: role.metadata?.name, namespace };
    await rbac.createNamespacedRole({ namespace, body: { ...role, metadata: inPlace } });
    const subjects = (binding.subjects ?? []).map(subject => ({ ...subject, namespace }));
    await rbac.createNamespacedRoleBinding({ namespace, body: { ...binding, metadata: inPlace, subjects } });
    await until('the Role is in force', () => everything().then(refused => refused === ''));
  });
  afterAll(() => removeNamespace(namespace));

  const rights = (role.rules ?? []).flatMap(({ resources = [], verbs }) => verbs.map(verb => ({ verb, resource: resources[0] })));
  /** Without these a Job can be made, followed and removed all the same. */
  const optional = ['create pods', 'list events', 'get volumesnapshots', 'list volumesnapshots', 'create persistentvolumeclaims'];

  it('a Job is made, followed and removed', async () => {
    expect(await everything()).toBe('');
  });

  it.each(rights)(
    'without $verb $resource it says so and names that command, unless it can do without',
    async ({ verb, resource }) => {
      const rules = (role.rules ?? [])
        .map(rule => (rule.resources?.[0] === resource ? { ...rule, verbs: rule.verbs.filter(one => one !== verb) } : rule))
        .filter(({ verbs }) => verbs.length > 0);
      const name = role.metadata?.name ?? '';
      const put = (now: V1Role['rules']) =>
        rbac.replaceNamespacedRole({ namespace, name, body: { ...role, metadata: { name, namespace }, rules: now } });
      await put(rules);
      try {
        if (optional.includes(`${verb} ${resource}`)) {
          expect(await everything()).toBe('');
        } else {
          const words =
            resource === 'pods/log' ? /does not allow to get pods \S+\/log/ : RegExp(`does not allow to ${verb} ${resource}`);
          await until('it is refused', async () => words.test(await everything()));
          expect(await everything()).toMatch(/veilbook rbac --jobs --namespace \S+ prints the Role that does\.$/);
        }
      } finally {
        await put(role.rules);
        await until('the Role is whole again', () => everything().then(refused => refused === ''));
      }
    }
  );

  /** Make, look at, read and remove a Job; what it was refused with. */
  async function everything(): Promise<string> {
    const cluster = open(namespace, config);
    const pod = {
      metadata: { name: 'fddb-0', labels: { 'app.kubernetes.io/managed-by': 'veilbook', 'veilbook.dev/job': 'fddb' } }
    };
    try {
      await submit(cluster, FDDB);
      await clients(administrator())
        .core.createNamespacedPod({ namespace, body: { ...pod, spec: foreign } })
        .catch(() => undefined);
      await listJobs(cluster);
      await new Watcher(cluster, 'fddb').look();
      await logsOf(cluster, 'fddb');
      await removeJob(cluster, 'fddb');
      return '';
    } catch (thrown) {
      await removeJob(open(namespace), 'fddb').catch(() => undefined);
      return (thrown as { line: string }).line;
    } finally {
      await until('the Job is gone', async () => (await listJobs(open(namespace))).length === 0);
    }
  }
});

const foreign: V1PodSpec = { restartPolicy: 'Never', containers: [{ name: 'inference', image: 'veilbook:1' }] };
