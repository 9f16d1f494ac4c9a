import { Command } from 'commander';
import { volumeObject } from '../../toolkit/volume-manifest';
import { volumeView } from '../../toolkit/volume-view';
import { workspaceObjects } from '../../toolkit/workspace-manifest';
import { toolkitCommands } from './index';
import { cloneRequestOf, withWorkspaceClone } from './jupyterlab';
import { withWorkspace, workspaceRequestOf, type WorkspaceFlags } from './jupyterlab-create';
import { withWorkspaceSnapshot } from './jupyterlab-snapshot';
import { volumeRequestOf, withClone, withVolume, type VolumeFlags } from './volume';
import { withSnapshot } from './volume-snapshot';

/** What a command understands of these words. */
function read<Flags extends object>(flags: (command: Command) => Command, args: string[]): Flags {
  const command = flags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  return command.parse(args, { from: 'user' }).opts<Flags>();
}

describe('the toolkit’s commands', () => {
  const volumes = ['volume', 'vol', 'pvc', 'persistentvolumeclaim'];
  const snapshots = ['volume-snapshot', 'volumesnapshot'];
  const workspaces = ['jupyterlab', 'jupyter'];
  const states = ['jupyterlab-snapshot', 'jupyterlabsnapshot'];
  const triton = ['triton-server', 'triton'];
  it.each<[string[], string[]]>([
    [
      ['create'],
      [...volumes, ...snapshots, ...workspaces, ...states, 'jupyter-snapshot', 'jupytersnapshot', ...triton, 'flexcache']
    ],
    [['clone'], [...volumes, ...workspaces]],
    [
      ['delete', 'del', 'rm'],
      [...volumes, ...snapshots, ...workspaces, ...states, ...triton, 'flexcache-volume', 'flexcache']
    ],
    [
      ['list', 'ls'],
      [...volumes, 'volumes', 'vols', 'pvcs', 'persistentvolumeclaims', ...snapshots, 'volume-snapshots', 'volumesnapshots']
    ],
    [['list'], [...workspaces, 'jupyterlabs', 'jupyters', ...states, 'jupyterlab-snapshots', 'jupyterlabsnapshots']],
    [['list'], ['triton-servers', 'triton_server', 'triton']],
    [['restore'], [...snapshots, ...states]]
  ])('%j has all its names', (verbs, names) => {
    const known = (command: Command) => [command.name(), ...command.aliases()];
    const group = toolkitCommands().find(one => one.name() === verbs[0])!;
    expect(known(group)).toEqual(expect.arrayContaining(verbs));
    expect(group.commands.flatMap(known)).toEqual(expect.arrayContaining(names));
  });

  it('for FlexCache say what they would need, with whatever flags', async () => {
    const create = toolkitCommands().find(one => one.name() === 'create')!;
    const words = ['flexcache', '-f', 'cache1', '-s', 'svm1', '-v', 'vol1', '-z', '10Gi', '-b', 'backend1'];
    await expect(create.parseAsync(words, { from: 'user' })).rejects.toMatchObject({ code: 'bad_request' });
  });
});

describe('the flags of create volume', () => {
  const NEEDED = ['-p', 'data', '-s', '10Gi'];
  it.each<[string[], object]>([
    [
      NEEDED,
      { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } } } }
    ],
    [['--pvc-name=data', '--size=1Ti'], { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '1Ti' } } } }],
    [[...NEEDED, '-c', 'fast'], { spec: { storageClassName: 'fast' } }],
    [[...NEEDED, '--storage-class=fast'], { spec: { storageClassName: 'fast' } }],
    [[...NEEDED, '--access-mode=ReadWriteOnce'], { spec: { accessModes: ['ReadWriteOnce'] } }]
  ])('%j', (args, object) => {
    const made = volumeObject(volumeRequestOf(read<VolumeFlags>(withVolume, args)));
    expect(made).toMatchObject(object);
    expect(made.metadata?.labels).toMatchObject({ 'created-by': 'ntap-dsutil', 'created-by-operation': 'create-volume' });
  });

  it.each([
    [['-p', 'data'], /required option '-s, --size/],
    [['-p', 'data', '-s', 'much'], /much is no size/],
    [['-p', 'Data', '-s', '1Gi'], /Data cannot be a name/],
    [[...NEEDED, '--access-mode=All'], /Allowed choices/]
  ])('%j is refused', (args, message) => {
    expect(() => volumeObject(volumeRequestOf(read<VolumeFlags>(withVolume, args)))).toThrow(message);
  });
});

describe('the flags of create jupyterlab', () => {
  const NEEDED = ['-w', 'vision', '-s', '10Gi'];
  const made = (args: string[]) => {
    const { claim, service, deployment } = workspaceObjects(workspaceRequestOf(read<WorkspaceFlags>(withWorkspace, args)));
    const { containers, volumes = [] } = deployment.spec!.template.spec!;
    const [{ image, resources, volumeMounts = [] }] = containers;
    return {
      claim: claim.spec,
      service: service.spec,
      image,
      resources,
      mounts: volumeMounts,
      volumes,
      name: claim.metadata?.name
    };
  };
  const both = (amounts: object) => ({ resources: { requests: amounts, limits: amounts } });

  it.each<[string[], object]>([
    [NEEDED, { name: 'ntap-dsutil-jupyterlab-vision', service: { type: 'NodePort', ports: [{ name: 'https' }] } }],
    [['--workspace-name=vision', '--size=1Ti'], { claim: { resources: { requests: { storage: '1Ti' } } } }],
    [[...NEEDED, '-c', 'fast'], { claim: { storageClassName: 'fast' } }],
    [[...NEEDED, '--storage-class=fast'], { claim: { storageClassName: 'fast' } }],
    [[...NEEDED, '-i', 'lab:1'], { image: 'lab:1' }],
    [[...NEEDED, '--image=lab:1'], { image: 'lab:1' }],
    [
      [...NEEDED, '-g', '2', '-p', '0.5', '-m', '1Gi', '-r', 'a/b=1'],
      both({ cpu: '0.5', memory: '1Gi', 'nvidia.com/gpu': '2', 'a/b': '1' })
    ],
    [
      [...NEEDED, '--nvidia-gpu=2', '--cpu=0.5', '--memory=1Gi', '--allocate-resource=a/b=1'],
      both({ 'nvidia.com/gpu': '2', 'a/b': '1' })
    ],
    [[...NEEDED, '-b'], { service: { type: 'LoadBalancer', ports: [{ port: 443 }] } }],
    [[...NEEDED, '--load-balancer', '--no-https'], { service: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80 }] } }]
  ])('%j', (args, object) => {
    const { resources, ...rest } = object as { resources?: { limits: object } };
    expect(made(args)).toMatchObject(rest);
    expect(made(args).resources).toMatchObject(resources?.limits ? { limits: resources.limits } : {});
  });

  it.each([['-v'], ['--mount-pvc']])('%s, several times', flag => {
    const { mounts, volumes } = made([...NEEDED, flag, 'data:/data', flag, 'more:/more']);
    expect(volumes).toContainEqual({ name: 'uservol', persistentVolumeClaim: { claimName: 'data' } });
    expect(volumes).toContainEqual({ name: 'uservol-2', persistentVolumeClaim: { claimName: 'more' } });
    expect(mounts).toContainEqual({ name: 'uservol-2', mountPath: '/more' });
  });

  it('-v without a path is refused', () => {
    expect(() => made([...NEEDED, '-v', 'data'])).toThrow(/claim:path/);
  });
});

describe('the flags of', () => {
  it.each<[string, (command: Command) => Command, string[], object]>([
    ['clone volume', withClone, ['-p', 'b', '-v', 'a'], { newPvcName: 'b', sourcePvcName: 'a' }],
    ['clone volume', withClone, ['--new-pvc-name=b', '--source-pvc-name=a'], { newPvcName: 'b', sourcePvcName: 'a' }],
    ['clone volume', withClone, ['-p', 'b', '-s', 's', '-c', 'k'], { sourceSnapshotName: 's', volumeSnapshotClass: 'k' }],
    [
      'clone volume',
      withClone,
      ['--new-pvc-name=b', '--source-snapshot-name=s', '--volume-snapshot-class=k'],
      { sourceSnapshotName: 's', volumeSnapshotClass: 'k' }
    ],
    [
      'create volume-snapshot',
      withSnapshot,
      ['-p', 'a', '-s', 's', '-c', 'k'],
      { pvcName: 'a', snapshotName: 's', volumeSnapshotClass: 'k' }
    ],
    [
      'create volume-snapshot',
      withSnapshot,
      ['--pvc-name=a', '--snapshot-name=s', '--volume-snapshot-class=k'],
      { pvcName: 'a', snapshotName: 's', volumeSnapshotClass: 'k' }
    ],
    [
      'create jupyterlab-snapshot',
      withWorkspaceSnapshot,
      ['-w', 'a', '-s', 's', '-c', 'k'],
      { workspaceName: 'a', snapshotName: 's', volumeSnapshotClass: 'k' }
    ],
    [
      'create jupyterlab-snapshot',
      withWorkspaceSnapshot,
      ['--workspace-name=a', '--snapshot-name=s', '--volume-snapshot-class=k'],
      { workspaceName: 'a', snapshotName: 's', volumeSnapshotClass: 'k' }
    ],
    [
      'clone jupyterlab',
      withWorkspaceClone,
      ['-w', 'b', '-j', 'a'],
      { newWorkspaceName: 'b', sourceWorkspaceName: 'a', https: true }
    ],
    [
      'clone jupyterlab',
      withWorkspaceClone,
      ['--new-workspace-name=b', '--source-workspace-name=a', '--volume-snapshot-class=k', '--no-https'],
      { newWorkspaceName: 'b', sourceWorkspaceName: 'a', volumeSnapshotClass: 'k', https: false }
    ]
  ])('%s', (_what, flags, args, understood) => {
    expect(read(flags, args)).toMatchObject(understood);
  });

  it.each<[string[], object]>([
    [['-w', 'b', '-s', 's'], { to: 'b', snapshot: 's' }],
    [
      ['-w', 'b', '-s', 's', '-g', '1', '-p', '2', '-m', '4Gi', '-r', 'a/b=3', '-b'],
      {
        to: 'b',
        resources: { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1', 'a/b': '3' },
        load_balancer: true
      }
    ],
    [
      [
        '-w',
        'b',
        '--source-snapshot-name=s',
        '--nvidia-gpu=1',
        '--cpu=2',
        '--memory=4Gi',
        '--allocate-resource=a/b=3',
        '--load-balancer'
      ],
      {
        resources: { cpu: '2', memory: '4Gi', 'nvidia.com/gpu': '1', 'a/b': '3' },
        load_balancer: true
      }
    ]
  ])('clone jupyterlab %j', (args, request) => {
    expect(cloneRequestOf(read(withWorkspaceClone, args))).toMatchObject(request);
  });
});

describe('what is seen of a volume', () => {
  const there = { claims: new Set(['data']), snapshots: new Set(['first']) };
  const labels = { 'created-by-operation': 'clone-volume', 'source-pvc': 'data' };

  it('is what it has, not what it asked for, and what it is a copy of', () => {
    const claim = {
      metadata: { name: 'copy', namespace: 'n', labels, creationTimestamp: new Date(0) },
      spec: {
        accessModes: ['ReadWriteMany'],
        resources: { requests: { storage: '296Ki' } },
        dataSource: { kind: 'VolumeSnapshot', name: 'gone' }
      },
      status: { phase: 'Bound', capacity: { storage: '1Gi' } }
    };
    expect(volumeView(claim, there)).toMatchObject({
      status: 'Bound',
      size: '1Gi',
      clone: { claim: 'data', claim_gone: false, snapshot: 'gone', snapshot_gone: true },
      flexcache: null
    });
    expect(volumeView({ ...claim, status: undefined }, there)).toMatchObject({ status: 'Pending', size: null });
    expect(volumeView({ metadata: { name: 'x', labels: { app: 'flexcache', source_svm: 's' } } }, there)).toMatchObject({
      clone: null,
      flexcache: { svm: 's', volume: '' }
    });
  });
});
