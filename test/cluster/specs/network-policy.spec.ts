/**
 * A reviewer's policy, as a file and as a NetworkPolicy, against a notebook that does not want to follow it. What counts is what
 * arrives: recorders see every frame that reaches a place the policy does not name, the model server every tensor.
 */
import { NetworkingV1Api, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { addressOnce, inMain, makePod, tensorsOf } from './network/pods';
import { Stage } from './network/stage';
import { administrator, asServiceAccount, clients, describeAt, makeClaim, refusalOf } from './support';

jest.setTimeout(1_200_000);

describeAt('node', 'a reviewer’s policy on a cluster', () => {
  const stage = new Stage();
  beforeAll(() => stage.set());
  afterAll(() => stage.clear());

  it('is not held by a network without a NetworkPolicy, as the recorders see', async () => {
    const reached = await stage.tryWays(stage.notebooks, 'notebook', 'before', 'sockets');
    expect(reached).toEqual(['the-api-by-its-service', 'the-api-by-its-node', 'the-kubelet']);
    const seen = await stage.arrived('before');
    expect(seen).toEqual(expect.arrayContaining(['tcp-to-a-pod', 'tcp-to-a-node-port', 'udp-to-a-service', 'udp-broadcast']));
    expect(seen).toEqual(expect.arrayContaining(['tcp-outside', 'udp-outside', 'a-name-asked-of-another-resolver', 'a-proxy']));
    expect(seen).toEqual(expect.arrayContaining(['a-redirect-of-the-server', 'a-port-of-the-server-that-is-not-named']));
  });

  it('lets a cell send what is obfuscated to the server that it names', async () => {
    await stage.enforce(stage.notebooks, 'notebook');
    const tensor = await stage.send(stage.notebooks, 'notebook', 41);
    expect(await tensorsOf(stage.servers, 'triton')).toEqual([tensor]);
  });

  it('is got around by none of the ways through sockets and Veilbook’s own doors', async () => {
    expect(await stage.tryWays(stage.notebooks, 'notebook', 'after', 'sockets', 'doors')).toEqual([]);
    expect(await stage.arrived('after')).toEqual([]);
    expect(await stage.escaped()).toEqual([]);
    expect(Object.keys(stage.told).length).toBeGreaterThan(60);
  });

  it('cannot keep code beside the sidecar from the server that it names', async () => {
    await stage.tryWays(stage.notebooks, 'notebook', 'beside', 'code');
    const known = await stage.escaped();
    expect(known.length).toBeGreaterThan(0);
    known.forEach(tensor => stage.allowed.add(tensor)); // what comes later is not
  });

  it('keeps all code from that server where the sidecar has a pod of its own', async () => {
    const namespace = stage.apart;
    await makeClaim({ namespace, name: 'state' });
    await makeClaim({ namespace, name: 'work' });
    // One hostname for both: a connection file is followed on the host that wrote it.
    const spec = { ...stage.named, hostname: 'workspace', automountServiceAccountToken: false };
    const env = { VEILBOOK_STATE_DIR: '/shared/state', VEILBOOK_IDLE_MINUTES: '100000' };
    // Who may write where the socket is may put a sidecar of its own in its place.
    const claims = { '/shared': 'state', '/work': 'work' };
    const readOnly = ['/shared'];
    const start = ['sh', '-c', 'while veilbook sidecar start; do sleep 30; done'];
    const labels = { app: 'veilbook-sidecar' };
    await makePod(namespace, 'sidecar', start, { ...(await stage.mounted(namespace)), claims }, { spec, env, labels });
    await makePod(namespace, 'notebook', ['sleep', 'infinity'], { claims, readOnly }, { spec, env });
    await addressOnce(namespace, 'sidecar', /running/);
    await addressOnce(namespace, 'notebook', /^/);
    const networks = administrator().makeApiClient(NetworkingV1Api);
    const nothing = { metadata: { name: 'nothing-leaves' }, spec: { podSelector: {}, policyTypes: ['Egress'] } };
    await networks.createNamespacedNetworkPolicy({ namespace, body: nothing });
    await stage.enforce(namespace, 'notebook', '--selector', 'app=veilbook-sidecar');
    stage.where.models = '/work/models';

    const tensor = await stage.send(namespace, 'notebook', 42);
    expect((await tensorsOf(stage.servers, 'triton')).at(-1)).toBe(tensor);
    expect(await stage.tryWays(namespace, 'notebook', 'apart', 'sockets', 'doors', 'code')).toEqual([]);
    expect(await stage.arrived('apart')).toEqual([]);
    expect(await stage.escaped()).toEqual([]);
    // By that pod's policy: the notebook's has none.
    const refused = {
      told: stage.told['clean-by-the-flag'],
      log: await inMain(namespace, 'sidecar', 'cat', '/shared/state/log')
    };
    const here = 'Refused by /etc/veilbook/policy.d/team.yaml';
    expect(refused).toEqual({ told: expect.stringContaining(here), log: expect.stringContaining(here) });
    expect(await stage.reaches(namespace, 'notebook', stage.where.server, 8000)).toBe(false);
    expect(Object.keys(stage.told).length).toBeGreaterThan(60);
  });

  it('is out of reach of a service account without rights, were the API open to it', async () => {
    const namespace = stage.notebooks;
    const config = await asServiceAccount(namespace, 'another');
    const { core } = clients(config);
    const networks = config.makeApiClient(NetworkingV1Api);
    const rights = config.makeApiClient(RbacAuthorizationV1Api);
    const metadata = { name: 'mine' };
    const open = { metadata, spec: { podSelector: {}, egress: [{}], policyTypes: ['Egress'] } };
    const pod = { metadata, spec: { hostNetwork: true, containers: [{ name: 'c', image: 'none' }] } };
    const relabel = [{ op: 'add', path: '/metadata/labels', value: { app: 'other' } }];
    const binding = {
      metadata,
      subjects: [{ kind: 'ServiceAccount', name: 'another', namespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' }
    };
    const attempts: Record<string, () => Promise<unknown>> = {
      'relabel the pod': () => core.patchNamespacedPod({ namespace, name: 'notebook', body: relabel }),
      'delete the NetworkPolicy': () => networks.deleteNamespacedNetworkPolicy({ namespace, name: 'veilbook-egress' }),
      'add a NetworkPolicy': () => networks.createNamespacedNetworkPolicy({ namespace, body: open }),
      'delete the ConfigMap': () => core.deleteNamespacedConfigMap({ namespace, name: 'policy' }),
      'a pod in the node’s network': () => core.createNamespacedPod({ namespace, body: pod }),
      'a command in another pod': () => core.connectPostNamespacedPodExec({ namespace, name: 'recorder', command: 'true' }),
      'more rights': () => rights.createNamespacedRoleBinding({ namespace, body: binding })
    };
    const refused = Object.entries(attempts).map(async ([name, attempt]) => [name, await refusalOf(attempt)]);
    expect(await Promise.all(refused)).toEqual(Object.keys(attempts).map(name => [name, 403]));
  });
});
