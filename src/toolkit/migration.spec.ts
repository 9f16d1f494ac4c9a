import { type V1Deployment, type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { migrationFrom, type Inventory } from './migration';

const NAMESPACE = 'inference';

/** A workspace as the toolkit 3.1 makes it. */
function workspace(name: string, change: { args?: string[]; managed?: boolean; strategy?: string } = {}): V1Deployment {
  const whole = `ntap-dsutil-jupyterlab-${name}`;
  return {
    metadata: {
      name: whole,
      labels: {
        app: whole,
        'created-by': 'ntap-dsutil',
        'entity-type': 'jupyterlab-workspace',
        'jupyterlab-workspace-name': name,
        ...(change.managed && { 'app.kubernetes.io/managed-by': 'veilbook' })
      }
    },
    spec: {
      selector: {},
      ...(change.strategy && { strategy: { type: change.strategy } }),
      template: {
        spec: {
          containers: [{ name: 'jupyterlab', command: ['jupyter', 'lab', ...(change.args ?? ['--LabApp.password=argon2:$x'])] }],
          volumes: [{ name: 'workspace', persistentVolumeClaim: { claimName: whole } }]
        }
      }
    }
  };
}

function server(name: string, app = `ntap-dsutil-jupyterlab-${name}`): V1Deployment {
  return {
    metadata: {
      name: `ntap-dsutil-triton-${name}`,
      labels: { app, 'created-by': 'ntap-dsutil', 'entity-type': 'triton_server', 'triton-server-name': name }
    },
    spec: {
      selector: {},
      template: {
        spec: {
          containers: [{ name: 'triton-server', livenessProbe: { httpGet: { port: 'http' } } }],
          volumes: [{ name: 'model-repo', persistentVolumeClaim: { claimName: 'models' } }]
        }
      }
    }
  };
}

const claim = (name: string, phase: string, mode: string, from?: string): V1PersistentVolumeClaim => ({
  metadata: { name, labels: { 'created-by': 'ntap-dsutil' } },
  spec: {
    accessModes: [mode],
    resources: { requests: { storage: '10Gi' } },
    ...(from && { dataSource: { kind: 'VolumeSnapshot', name: from } })
  },
  status: { phase, ...(phase === 'Bound' && { capacity: { storage: '10Gi' } }) }
});

const snapshot = (name: string) => ({ metadata: { name }, spec: { source: {} } });

const found = (some: Partial<Inventory>) =>
  migrationFrom({ namespace: NAMESPACE, claims: [], snapshots: [], deployments: [], ...some });
const risksOf = (some: Partial<Inventory>) => found(some).risks.map(({ kind, object }) => [kind, object]);

it('counts what is the toolkit’s, and nothing of ours', () => {
  const own = claim('ours', 'Bound', 'ReadWriteMany');
  own.metadata!.labels!['app.kubernetes.io/managed-by'] = 'veilbook';
  expect(
    found({
      claims: [claim('data', 'Bound', 'ReadWriteMany'), own],
      deployments: [workspace('vision'), workspace('mine', { managed: true }), server('face')],
      snapshots: [snapshot('ntap-dsutil.20261120101010'), snapshot('other')]
    })
  ).toMatchObject({
    workspaces: ['vision'],
    triton_servers: ['face'],
    volumes: ['data'],
    snapshots: ['ntap-dsutil.20261120101010']
  });
});

it('finds the snapshots that clones left, but for one that is still being copied', () => {
  const [left, used] = ['ntap-dsutil.for-clone.20261120101010', 'ntap-dsutil.for-clone.20261120101011'];
  expect(
    risksOf({
      snapshots: [snapshot(left), snapshot(used)],
      claims: [claim('copy', 'Pending', 'ReadWriteOnce', used)]
    })
  ).toEqual([['leaked-snapshot', `volumesnapshot/${left}`]]);
});

it('finds passwords in arguments, whichever release wrote them', () => {
  const deployments = [
    workspace('new'),
    workspace('old', { args: ['--ServerApp.password=sha1:x'] }),
    workspace('none', { args: ['--ServerApp.password='] }),
    workspace('ours', { managed: true })
  ];
  expect(risksOf({ deployments })).toEqual([
    ['password-in-arguments', 'deployment/ntap-dsutil-jupyterlab-new'],
    ['password-in-arguments', 'deployment/ntap-dsutil-jupyterlab-old']
  ]);
  const [{ mend }] = found({
    deployments: [workspace('new')],
    claims: [claim('ntap-dsutil-jupyterlab-new', 'Bound', 'ReadWriteMany')]
  }).risks;
  expect(mend).toEqual([
    'veilbook clone volume --new-pvc-name=new-moved --source-pvc-name=ntap-dsutil-jupyterlab-new --namespace=inference',
    'veilbook create jupyterlab --workspace-name=new-2 --size=10Gi --mount-pvc=new-moved:/workspace/new --namespace=inference'
  ]);
});

it('finds a server that has a workspace’s label where there is such a workspace', () => {
  const plain = { args: [] };
  const crossing = (name: string) => risksOf({ deployments: [workspace('face', plain), server(name)] }).map(([kind]) => kind);
  expect(crossing('face')).toContain('crossed-names');
  expect(crossing('other')).not.toContain('crossed-names');
});

it('finds claims that wait for a volume of many nodes, and workspaces whose change starts a second pod', () => {
  const name = 'ntap-dsutil-jupyterlab-vision';
  expect(risksOf({ claims: [claim('data', 'Pending', 'ReadWriteMany')] })).toEqual([
    ['unbound-shared-claim', 'persistentvolumeclaim/data']
  ]);
  const single = { claims: [claim(name, 'Bound', 'ReadWriteOnce')] };
  expect(risksOf({ ...single, deployments: [workspace('vision', { args: [] })] })).toEqual([
    ['two-pods-one-volume', `deployment/${name}`]
  ]);
  expect(risksOf({ ...single, deployments: [workspace('vision', { args: [], strategy: 'Recreate' })] })).toEqual([]);
});

it('finds servers that are ended while they read their models', () => {
  expect(risksOf({ deployments: [server('face')] })).toEqual([['no-startup-probe', 'deployment/ntap-dsutil-triton-face']]);
});
