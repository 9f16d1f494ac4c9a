/** What a spec about a reviewer's policy plays on: a notebook, a model server that the policy names, and recorders elsewhere. */
import { KubernetesObjectApi } from '@kubernetes/client-node';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { veilbookTells } from '../evaluations';
import { administrator, asServiceAccount, clients, makeNamespace, removeNamespace, until } from '../support';
import { recordOutside } from './outside';
import { addressOnce, inKernel, inMain, makeFiles, makePod, makeScripts, seenBy, tensorsOf, tryWays } from './pods';

const SERVER = 'triton://inference.example:8000';
const MODEL = 'face_detection_noisy';
const FOLDER = resolve(__dirname, '../../../../models/faceboxes');
const LABELS = { app: 'triton' };
const core = () => clients(administrator()).core;
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

/** The bundled model, as a server describes what was exported of it. */
function described(): { head: string; artefact: string; document: object } {
  const { head, tail } = JSON.parse(readFileSync(join(FOLDER, 'model.json'), 'utf8'));
  const artefact = sha256(readFileSync(join(FOLDER, 'obfuscation.json')));
  const port = (name: string, shape: number[]) => ({ name, datatype: 'FP32', shape: [1, ...shape] });
  const outputs = [port('loc', tail.loc.shape), port('conf', tail.conf.shape)];
  const inputs = [port('activation', head.activation.shape)];
  const hashes = { head_sha256: head.sha256, tail_sha256: tail.sha256, alpha: '0.8', artefact_sha256: artefact };
  const parameters = Object.fromEntries(Object.entries(hashes).map(([name, text]) => [name, { string_value: text }]));
  const metadata = { name: MODEL, versions: ['1'], platform: 'python', inputs, outputs };
  return { head: head.sha256, artefact, document: { metadata, config: { name: MODEL, max_batch_size: 0, parameters } } };
}

export class Stage {
  /** Namespaces: of notebook and recorder, of the server, and an empty one. */
  notebooks = '';
  servers = '';
  apart = '';
  /** Addresses, as the ways want them. */
  where: Record<string, unknown> = {};
  /** What became of the ways that were tried last. */
  told: Record<string, string> = {};
  /** SHA-256 of tensors that the server may have been sent. */
  readonly allowed = new Set<string>();
  private policy = '';
  private host = '';
  private outside: Awaited<ReturnType<typeof recordOutside>> | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'veilbook-policy-'));

  async set(): Promise<void> {
    this.notebooks = await makeNamespace('notebooks');
    this.servers = await makeNamespace('servers');
    this.apart = await makeNamespace('apart');
    await Promise.all([this.notebooks, this.servers, this.apart].map(makeScripts));
    this.outside = await recordOutside();
    const { pod, service, nodePort } = await this.setRecorder();
    const server = await this.setServer(`${pod}:80`);
    await this.setNotebook();
    const interfaces = await inMain(this.notebooks, 'recorder', 'cat', '/proc/net/if_inet6').catch(() => '');
    this.where = {
      ...{ pod, service, server, node_port: nodePort, outside: this.outside.address, outside_port: this.outside.port },
      node: new URL(administrator().getCurrentCluster()?.server ?? '').hostname,
      link_local: /^(fe80\S+).*eth0$/m.exec(interfaces)?.[1].match(/.{4}/g)?.join(':') ?? null,
      models: '/tmp/models'
    };
  }

  async clear(): Promise<void> {
    this.outside?.stop();
    rmSync(this.folder, { recursive: true, force: true });
    await Promise.all([this.notebooks, this.servers, this.apart].filter(Boolean).map(removeNamespace));
  }

  /** With the labels of the model server, in another namespace than the policy says. */
  private async setRecorder(): Promise<{ pod: string; service?: string; nodePort?: number }> {
    const namespace = this.notebooks;
    await makePod(namespace, 'recorder', ['python3', '-u', '/scripts/recorder.py'], {}, { labels: LABELS, root: true });
    const ports = [
      { name: 'http', port: 80 },
      { name: 'names', port: 53, protocol: 'UDP' }
    ];
    const body = { metadata: { name: 'recorder' }, spec: { type: 'NodePort', selector: LABELS, ports } };
    const { spec } = await core().createNamespacedService({ namespace, body });
    const pod = await addressOnce(namespace, 'recorder', /ready/);
    return { pod, service: spec?.clusterIP, nodePort: spec?.ports?.[0].nodePort };
  }

  private async setServer(forbidden: string): Promise<string> {
    const { head, artefact, document } = described();
    const namespace = this.servers;
    await makeFiles(namespace, 'model', { 'model.json': JSON.stringify(document) });
    const more = { labels: LABELS, env: { FORBIDDEN: forbidden }, root: true };
    const files = { '/etc/server': 'model' };
    await makePod(namespace, 'triton', ['python3', '-u', '/scripts/recorder.py', '--serve'], { files }, more);
    const body = { metadata: { name: 'triton' }, spec: { selector: LABELS, ports: [{ port: 8000 }] } };
    this.host = (await core().createNamespacedService({ namespace, body })).spec?.clusterIP ?? '';
    this.policy = JSON.stringify({
      schema: 1,
      minimum_alpha: 0.8,
      looks: { most: 1 },
      destinations: [{ url: SERVER, models: [MODEL], pods: { namespace, labels: LABELS, port: 8000 } }],
      model_sha256: [head],
      artefact_sha256: [artefact],
      clean_egress: 'never',
      tls: 'where given'
    });
    return addressOnce(namespace, 'triton', /ready/);
  }

  private async setNotebook(): Promise<void> {
    const namespace = this.notebooks;
    await asServiceAccount(namespace, 'notebook');
    const command = ['jupyter', 'lab', '--ip=0.0.0.0', '--no-browser', '--notebook-dir=/workspace'];
    const spec = { ...this.named, serviceAccountName: 'notebook' };
    await makePod(namespace, 'notebook', command, await this.mounted(namespace), { spec });
    await addressOnce(namespace, 'notebook', /is running at/);
  }

  /** The policy, mounted read-only where reviewers put it. */
  async mounted(namespace: string): Promise<{ files: Record<string, string> }> {
    await makeFiles(namespace, 'policy', { 'team.yaml': this.policy }); // JSON is YAML
    return { files: { '/etc/veilbook/policy.d': 'policy' } };
  }

  /** The server's name, as a pod's /etc/hosts has it: this cluster has no DNS. */
  get named() {
    return { hostAliases: [{ ip: this.host, hostnames: ['inference.example'] }] };
  }

  /** Apply what `veilbook policy network` prints, and wait until it holds for a pod. */
  async enforce(namespace: string, pod: string, ...selector: string[]): Promise<void> {
    const file = join(this.folder, 'team.yaml');
    writeFileSync(file, this.policy);
    const words = ['policy', 'network', '--file', file, '--namespace', namespace, ...selector];
    await KubernetesObjectApi.makeApiClient(administrator()).create(await veilbookTells<object>(...words));
    await until('the NetworkPolicy holds', async () => !(await this.reaches(namespace, pod, this.where.pod, 80)), 120);
  }

  async reaches(namespace: string, pod: string, address: unknown, port: number): Promise<boolean> {
    const line = `import socket; socket.create_connection(("${address}", ${port}), 3)`;
    return inMain(namespace, pod, 'python3', '-c', line).then(
      () => true,
      () => false
    );
  }

  /** The report's cell with its tail on the server; returns the SHA-256 of what it says that it sent. */
  async send(namespace: string, pod: string, seed: number): Promise<string> {
    const cells = [
      `import sys, json; sys.path.insert(0, "/scripts")\nfrom runs import frame\nphoto = frame(${seed})\n%load_ext veilbook`,
      `%%veil noisy -i photo -o result\nnoise: 0.8\ntail: ${SERVER}/${MODEL}`,
      'json.dump(result.document["sent"], open("/tmp/sent.json", "w"))'
    ];
    const { tensor_sha256 } = await inKernel<{ tensor_sha256: string }>(namespace, pod, this.where, cells, 'sent');
    this.allowed.add(tensor_sha256);
    return tensor_sha256;
  }

  /** Try groups of ways from a kernel. Returns those that got through to a place that nobody records. */
  async tryWays(namespace: string, pod: string, phase: string, ...groups: string[]): Promise<string[]> {
    this.told = await tryWays(namespace, pod, { ...this.where, phase }, ...groups);
    const rows = Object.entries(this.told);
    const lines = rows.map(([way, what]) => `  ${way}: ${what.replace(/\s+/g, ' ').slice(0, 160)}\n`);
    process.stdout.write(`${phase}\n${lines.join('')}`);
    for (const [, what] of rows) {
      [...what.matchAll(/^allowed: ([0-9a-f]{64})/g)].forEach(([, hash]) => this.allowed.add(hash));
    }
    return rows.flatMap(([way, what]) => (what.includes('reached: ') ? [way] : []));
  }

  /** Names of the ways of a phase that arrived anywhere but at the port that the policy names. */
  async arrived(phase: string): Promise<string[]> {
    const inside = [...(await seenBy(this.notebooks, 'recorder')), ...(await seenBy(this.servers, 'triton'))];
    const own = [...inside, ...this.outside!.seen].filter(name => name.startsWith(`${phase}-`));
    return [...new Set(own.map(name => name.slice(phase.length + 1)))].sort();
  }

  /** Tensors at the server that nobody was allowed to send. */
  async escaped(): Promise<string[]> {
    return (await tensorsOf(this.servers, 'triton')).filter(tensor => !this.allowed.has(tensor));
  }
}
