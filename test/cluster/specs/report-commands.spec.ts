import { AppsV1Api, CoreV1Api } from '@kubernetes/client-node';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { veilbookReads } from './programs';
import { administrator, describeAt, refusalOf, until } from './support';

const seeds = resolve(__dirname, '../../../../shared/seeds');
const report = existsSync(seeds) ? readdirSync(seeds).find(name => name.startsWith('003_')) : undefined;
const NAMESPACE = 'inference';
const LONG = 200_000;

/** Each call of the toolkit in the report, without the program's name. Its lines were broken for print, also inside of words. */
export function commandsOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const [, first] = /^\$ netapp[_ ]dataops[_ ]k8s[_ ]cli\.py (.+)$/.exec(line) ?? [];
    if (first === undefined) {
      return [];
    }
    const rest = lines.slice(at + 1);
    const more = rest.slice(
      0,
      rest.findIndex(next => !next.startsWith('-'))
    );
    const whole = more.reduce((words, next) => words + (next.startsWith('--') ? ' ' : '') + next.trim(), first.trim());
    // One of its breaks was taken for a space.
    return [whole.replace('--pvc --name=', '--pvc-name=')];
  });
}

if (report === undefined) {
  it.skip('the report’s own command lines (its text is not here)', () => undefined);
} else {
  describeAt('csi', 'the report’s own command lines, with veilbook in the place of netapp_dataops_k8s_cli.py', () => {
    const core = administrator().makeApiClient(CoreV1Api);
    const apps = administrator().makeApiClient(AppsV1Api);
    const commands = commandsOf(readFileSync(join(seeds, report), 'utf8'));
    const namespace = NAMESPACE;

    beforeAll(async () => {
      expect(await refusalOf(() => core.createNamespace({ body: { metadata: { name: NAMESPACE } } }))).toBe(0);
    });
    afterAll(() => core.deleteNamespace({ name: NAMESPACE }));

    it('are five, of which one stands there twice', () => {
      expect(commands.map(command => command.split(' --')[0])).toEqual([
        'create volume',
        'create jupyterlab',
        'create volume',
        'create volume',
        'create triton-server'
      ]);
    });

    it.each(commands.map(command => [command]))(
      'veilbook %s',
      async command => {
        const words = command.split(' ');
        // What needs a graphics card gets no pod here: nobody waits for that.
        const patience = words[1] === 'volume' ? [] : ['--no-wait'];
        const ran = await veilbookReads('a password of the report', ...words, ...patience);
        expect([ran.code, ran.code === 0 ? '' : ran.stderr]).toEqual([0, '']);
        expect(ran.stdout + ran.stderr).not.toContain('a password of the report');
      },
      LONG
    );

    it('leave the volumes that the toolkit would have left', async () => {
      for (const [name, size] of [
        ['inference-data', '50Gi'],
        ['triton-model-repo', '100Gi']
      ]) {
        const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name });
        expect(claim).toMatchObject({
          metadata: { labels: { 'created-by': 'ntap-dsutil', 'created-by-operation': 'create-volume' } },
          spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: size } } },
          status: { phase: 'Bound' }
        });
      }
    });

    it('leave the workspace, with its password in a Secret', async () => {
      const name = 'ntap-dsutil-jupyterlab-live-inference';
      const labels = {
        app: name,
        'created-by': 'ntap-dsutil',
        'entity-type': 'jupyterlab-workspace',
        'created-by-operation': 'create-jupyterlab',
        'jupyterlab-workspace-name': 'live-inference'
      };
      const deployment = await until('the Deployment', () =>
        apps.readNamespacedDeployment({ namespace, name }).catch(() => undefined)
      );
      expect(deployment.metadata?.labels).toMatchObject(labels);
      expect(deployment.spec?.selector.matchLabels).toMatchObject({ app: name });
      const pod = deployment.spec!.template.spec!;
      const [container] = pod.containers;
      expect(container.resources).toMatchObject({ requests: { 'nvidia.com/gpu': '2' }, limits: { 'nvidia.com/gpu': '2' } });
      const data = pod.volumes!.find(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === 'inference-data');
      expect(container.volumeMounts).toContainEqual(
        expect.objectContaining({ name: data!.name, mountPath: '/home/jovyan/data' })
      );
      expect(pod.volumes).toContainEqual(
        expect.objectContaining({ name: 'workspace', persistentVolumeClaim: { claimName: name } })
      );
      expect(JSON.stringify(deployment)).not.toMatch(/sha512:|argon2|password=/);
      const service = await core.readNamespacedService({ namespace, name });
      expect(service).toMatchObject({ spec: { type: 'NodePort', selector: { app: name }, ports: [{ port: 8888 }] } });
      const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name });
      expect(claim).toMatchObject({ metadata: { labels }, spec: { resources: { requests: { storage: '50Gi' } } } });
    });

    it('leave the Triton server, under a label of its own', async () => {
      const name = 'ntap-dsutil-triton-netapp-inference';
      const [deployment, service] = await Promise.all([
        apps.readNamespacedDeployment({ namespace, name }),
        core.readNamespacedService({ namespace, name })
      ]);
      expect(deployment.metadata?.labels).toMatchObject({
        app: name,
        'created-by': 'ntap-dsutil',
        'entity-type': 'triton_server',
        'created-by-operation': 'create-triton-server',
        'triton-server-name': 'netapp-inference'
      });
      expect(service.spec!.selector).toEqual({ app: name });
      expect(service.spec!.ports!.map(({ name: port, port: number }) => [port, number])).toEqual([
        ['http-inference-server', 8000],
        ['grpc-inference-server', 8001],
        ['metrics-inference-server', 8002]
      ]);
      const pod = deployment.spec!.template.spec!;
      const models = pod.volumes!.find(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === 'triton-model-repo');
      expect(pod.containers[0].volumeMounts).toContainEqual(
        expect.objectContaining({ name: models!.name, mountPath: '/models', readOnly: true })
      );
      expect(pod.containers[0].args?.join(' ') ?? pod.containers[0].command?.join(' ')).toContain('--model-store=/models');
    });
  });
}
