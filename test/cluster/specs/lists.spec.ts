import { openCluster } from '../../../src/workspaces/kubernetes';
import { administrator, clients, describeAt, makeNamespace, removeNamespace, snapshots } from './support';

/** More than a page of any list. */
const MANY = 520;

describeAt('api', 'a namespace with more objects than a page holds', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await makeNamespace('lists');
  });
  afterAll(() => removeNamespace(namespace));

  it('is listed whole, snapshots and objects of the cluster’s own kinds', async () => {
    const { core, custom } = clients(administrator());
    const names = Array.from({ length: MANY }, (_, i) => `one-${String(i).padStart(3, '0')}`);
    const make = async (name: string) => {
      const body = {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name },
        spec: { source: { persistentVolumeClaimName: 'none' }, volumeSnapshotClassName: 'none' }
      };
      await custom.createNamespacedCustomObject({ namespace, ...snapshots, body });
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
    };
    for (let i = 0; i < MANY; i += 20) {
      await Promise.all(names.slice(i, i + 20).map(make));
    }
    const cluster = openCluster({ namespace, config: administrator() });
    for (const kind of ['VolumeSnapshot', 'ConfigMap'] as const) {
      const found = (await cluster.list(kind)).map(({ metadata }) => metadata?.name ?? '');
      expect(found.filter(name => name.startsWith('one-')).sort()).toEqual(names);
    }
  });
});
