import { type KubeConfig } from '@kubernetes/client-node';
import {
  administrator,
  asServiceAccount,
  clients,
  describeAt,
  makeNamespace,
  refusalOf,
  removeNamespace,
  snapshots,
  until
} from './support';

let namespace = '';
beforeAll(async () => {
  namespace = await makeNamespace('rights');
});
afterAll(() => removeNamespace(namespace));

const list = (config: KubeConfig, where: string) =>
  refusalOf(() => clients(config).custom.listNamespacedCustomObject({ ...snapshots, namespace: where }));

describeAt('api', 'a service account', () => {
  it('sees snapshots only with a Role, and only where the Role is', async () => {
    const workspace = await asServiceAccount(namespace, 'workspace');
    expect(await list(workspace, namespace)).toBe(403);

    const { rbac } = clients(administrator());
    const name = 'snapshots';
    await rbac.createNamespacedRole({
      namespace,
      body: { metadata: { name }, rules: [{ apiGroups: [snapshots.group], resources: [snapshots.plural], verbs: ['list'] }] }
    });
    await rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name: 'workspace', namespace }]
      }
    });
    await until('the Role is in force', async () => (await list(workspace, namespace)) === 0);
    expect(await list(workspace, 'default')).toBe(403);
    const pods = () => clients(workspace).core.listNamespacedPod({ namespace });
    expect(await refusalOf(pods)).toBe(403);
  });
});

describeAt('api', 'a quota', () => {
  it('refuses the claim that would exceed it', async () => {
    const { core } = clients(administrator());
    await core.createNamespacedResourceQuota({
      namespace,
      body: { metadata: { name: 'claims' }, spec: { hard: { persistentvolumeclaims: '0' } } }
    });
    const claim = {
      metadata: { name: 'one-too-many' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } }
    };
    const make = () => core.createNamespacedPersistentVolumeClaim({ namespace, body: claim, dryRun: 'All' });
    await until('the quota is in force', async () => (await refusalOf(make)) === 403);
  });
});
