import { Command } from 'commander';
import { s3JobFor } from '../../toolkit/s3-manifest';
import { toolkitCommands } from './index';
import { copyRequestOf, withBucket, withObject, type CopyFlags } from './s3';

const SERVER = ['-o', 's3.example', '-b', 'photographs', '-p', 'data', '-c', 'keys'];

function jobOf(kind: 'bucket' | 'object', args: string[], direction: 'get' | 'put' = 'get') {
  const flags = kind === 'bucket' ? withBucket : withObject;
  const command = flags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  return s3JobFor('s3mover-x', copyRequestOf(direction, command.parse(args, { from: 'user' }).opts<CopyFlags>()));
}

const containerOf = (job: ReturnType<typeof jobOf>) => job.spec!.template.spec!.containers[0];
const wordsOf = (job: ReturnType<typeof jobOf>) => containerOf(job).command!;

describe('the flags of get-s3 and put-s3', () => {
  it.each([
    [
      ['--s3-host=s3.example', '--bucket-name=photographs', '--pvc-name=data', '--credentials-secret=keys'],
      '--s3-host=s3.example'
    ],
    [SERVER, '--bucket-name=photographs'],
    [[...SERVER, '-t', '9000'], '--s3-port=9000'],
    [[...SERVER, '--s3-port=9000'], '--s3-port=9000'],
    [[...SERVER, '-u'], '--use-https'],
    [[...SERVER, '--use-https', '-v'], '--use-https'],
    [[...SERVER, '--use-https', '--verify-certificates'], '--use-https'],
    [[...SERVER, '-u', '--insecure-skip-verify'], '--insecure-skip-verify'],
    [[...SERVER, '--region=eu-1'], '--region=eu-1'],
    [[...SERVER, '-d', 'faces'], '--dir=/mnt/data/faces'],
    [[...SERVER, '--pvc-dir=/faces/'], '--dir=/mnt/data/faces/'],
    [SERVER, '--dir=/mnt/data/'],
    [[...SERVER, '--prefix=set/'], '--prefix=set/'],
    [[...SERVER, '--glob=**/*.jpg'], '--glob=**/*.jpg'],
    [[...SERVER, '-m', 'one', 'two'], '--ca=/mnt/config_maps/1/ca_cert']
  ])('bucket %j', (args, word) => {
    for (const direction of ['get', 'put'] as const) {
      const job = jobOf('bucket', args, direction);
      expect(wordsOf(job)).toEqual(expect.arrayContaining(['veilbook', 's3', direction, 'bucket', word]));
      expect(job.metadata?.labels).toMatchObject({ 'created-by-operation': `${direction}-bucket` });
    }
  });

  it.each([
    [
      ['-k', 'a/b'],
      ['--object-key=a/b', '--file-location=/mnt/data/a/b']
    ],
    [
      ['--object-key=a', '-f', 'b/c'],
      ['--object-key=a', '--file-location=/mnt/data/b/c']
    ],
    [
      ['-k', 'a', '--file-location=/b'],
      ['--object-key=a', '--file-location=/mnt/data/b']
    ]
  ])('object %j', (args, words) => {
    expect(wordsOf(jobOf('object', [...SERVER, ...args]))).toEqual(expect.arrayContaining(words));
  });

  it.each([
    [['--cpu-request=0.5', '--memory-request=64Mi'], { requests: { cpu: '0.5', memory: '64Mi' } }],
    [['--cpu-limit=1'], { limits: { cpu: '1' } }],
    [['--memory-limit=1Gi'], { limits: { memory: '1Gi' } }]
  ])('%j', (args, resources) => {
    expect(containerOf(jobOf('bucket', [...SERVER, ...args])).resources).toEqual(resources);
  });

  it.each([['-i'], ['--image-name']])('%s', flag => {
    expect(containerOf(jobOf('bucket', [...SERVER, flag, 'own:1'])).image).toBe('own:1');
  });

  it('give the claim, the keys and the certificates as files, and no key as a word or a variable', () => {
    const job = jobOf('bucket', [...SERVER, '-m', 'authority'], 'put');
    expect(job.spec!.template.spec!.volumes).toEqual([
      { name: 's3mc-data-volume', persistentVolumeClaim: { claimName: 'data' } },
      { name: 's3-keys', secret: { secretName: 'keys', defaultMode: 0o440 } },
      { name: 'ca-config-map-0', configMap: { name: 'authority' } }
    ]);
    expect(containerOf(job).env).toBeUndefined();
    // What is sent is only read.
    expect(containerOf(job).volumeMounts![0]).toMatchObject({ mountPath: '/mnt/data', readOnly: true });
  });

  it.each([
    [[...SERVER, '-d', '../../etc'], /leads out of the volume/],
    [[...SERVER, '-t', '70000'], /from 1 to 65535/],
    [['-o', 's3.example'], /required option '-b/]
  ])('%j is refused', (args, message) => {
    expect(() => jobOf('bucket', args)).toThrow(message);
  });
});

it('all names of the toolkit are there', () => {
  const names = (verb: string) =>
    toolkitCommands()
      .find(one => one.name() === verb)!
      .commands.map(one => one.name());
  expect(names('get-s3')).toEqual(['bucket', 'object']);
  expect(names('put-s3')).toEqual(['bucket', 'object']);
  expect(names('show')).toEqual(['s3-job']);
  expect(names('create')).toEqual(expect.arrayContaining(['s3-secret', 'ca-config-map']));
  expect(names('delete')).toEqual(expect.arrayContaining(['s3-secret', 'ca-config-map', 's3-job']));
});
