import { Command } from 'commander';
import { tritonObjects } from '../../toolkit/triton-manifest';
import { tableOf } from './table';
import { tritonRequestOf, withTriton, type TritonFlags } from './triton-server';

/** What the flags of `create triton-server` make. */
function made(...args: string[]) {
  const command = withTriton(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  command.parse(args, { from: 'user' });
  const { service, deployment } = tritonObjects(tritonRequestOf(command.opts<TritonFlags>()));
  const { containers, volumes } = deployment.spec!.template.spec!;
  const { requests = {}, limits = {} } = containers[0].resources ?? {};
  return {
    name: deployment.metadata!.name,
    claim: volumes![0].persistentVolumeClaim!.claimName,
    image: containers[0].image,
    type: service.spec!.type,
    store: containers[0].args![1],
    requests,
    limits
  };
}

const NEEDED = ['-s', 'face', '-v', 'models'];

describe('the flags of create triton-server', () => {
  it.each<[string[], object]>([
    [['-s', 'face', '-v', 'models'], { name: 'ntap-dsutil-triton-face', claim: 'models', type: 'NodePort', requests: {} }],
    [['--server-name=face', '--model-repo-pvc-name=models'], { name: 'ntap-dsutil-triton-face', claim: 'models' }],
    [[...NEEDED, '-i', 'triton:1'], { image: 'triton:1' }],
    [[...NEEDED, '--image=triton:1'], { image: 'triton:1' }],
    [[...NEEDED, '-g', '2'], { requests: { 'nvidia.com/gpu': '2' }, limits: { 'nvidia.com/gpu': '2' } }],
    [[...NEEDED, '--nvidia-gpu=2'], { limits: { 'nvidia.com/gpu': '2' } }],
    [[...NEEDED, '-p', '0.5'], { requests: { cpu: '0.5' }, limits: { cpu: '0.5' } }],
    [[...NEEDED, '--cpu=0.5'], { requests: { cpu: '0.5' } }],
    [[...NEEDED, '-m', '1Gi'], { requests: { memory: '1Gi' }, limits: { memory: '1Gi' } }],
    [[...NEEDED, '--memory=1Gi'], { requests: { memory: '1Gi' } }],
    [[...NEEDED, '-r', 'amd.com/gpu=1'], { requests: { 'amd.com/gpu': '1' }, limits: { 'amd.com/gpu': '1' } }],
    [[...NEEDED, '--allocate-resource=amd.com/gpu=1', '-r', 'a/b=2'], { limits: { 'amd.com/gpu': '1', 'a/b': '2' } }],
    [[...NEEDED, '-b'], { type: 'LoadBalancer' }],
    [[...NEEDED, '--load-balancer'], { type: 'LoadBalancer' }],
    [[...NEEDED, '--model-repo-path', 'triton/models/'], { store: '--model-store=/models/triton/models' }]
  ])('%j', (args, object) => {
    expect(made(...args)).toMatchObject(object);
  });

  it.each([
    [['-s', 'face'], /required option '-v, --model-repo-pvc-name/],
    [['-v', 'models'], /required option '-s, --server-name/],
    [[...NEEDED, '-r', 'gpu'], /name=amount/],
    [[...NEEDED, '--dry-run', 'elsewhere'], /Allowed choices are client, server/]
  ])('%j is refused', (args, message) => {
    expect(() => made(...args)).toThrow(message);
  });
});

describe('a table', () => {
  it('has columns under a ruler, as wide as what is in them', () => {
    expect(
      tableOf(
        ['Name', 'Status'],
        [
          ['a-long-one', 'Ready'],
          ['b', '']
        ]
      ).split('\n')
    ).toEqual(['Name        Status', '----------  ------', 'a-long-one  Ready', 'b']);
  });
});
