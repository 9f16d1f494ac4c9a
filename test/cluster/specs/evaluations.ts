/** What specs of Jobs share: photographs with faces on a claim, and the command line of this checkout as a person calls it. */
import { execFile } from 'node:child_process';
import { chownSync, cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type EvaluationDocument } from '../../../src/protocol';
import { administrator, clients, describeAt, makeClaim } from './support';
import { folderOf } from './workspaces/support';

const root = resolve(__dirname, '../../..');
const kubeconfig = process.env.VEILBOOK_TEST_KUBECONFIG ?? '';
const MOST = 64 * 1024 * 1024;

/** 150 photographs in ten folds, as FDDB lays them out. */
export const faces = join(root, '../shared/data/faces/val');

/** `describeAt`, skipped also where the photographs are not. */
export const describeWithFaces: typeof describeAt = (level, name, body) =>
  existsSync(faces) ? describeAt(level, name, body) : describe.skip(`${name} (no ../shared/data/faces/val here)`, body);

/** A claim with the photographs in one of its folders, that the pods' user may write to; returns where it lies on this machine. */
export async function makeDataClaim(namespace: string, name: string, dataset: string): Promise<string> {
  await makeClaim({ namespace, name });
  const folder = await folderOf(namespace, name);
  cpSync(faces, join(folder, dataset), { recursive: true });
  // As a workspace's claim is: its user may write.
  chownSync(folder, 1000, 100);
  return folder;
}

/** From now on no pod of the namespace may do more than pod security's level restricted allows. */
export async function restrict(namespace: string): Promise<void> {
  await clients(administrator()).core.patchNamespace({
    name: namespace,
    body: [{ op: 'add', path: '/metadata/labels/pod-security.kubernetes.io~1enforce', value: 'restricted' }]
  });
}

/** `veilbook WORDS`; returns what it printed. Fails with its words where it fails. */
export async function veilbookSays(...words: string[]): Promise<string> {
  const cli = join(root, 'veilbook/node/cli.mjs');
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  return (await promisify(execFile)(process.execPath, [cli, ...words], { env, maxBuffer: MOST })).stdout;
}

/** `veilbook WORDS --json`. */
export const veilbookTells = async <T>(...words: string[]): Promise<T> => JSON.parse(await veilbookSays(...words, '--json')) as T;

type Found = Pick<EvaluationDocument, 'folds' | 'average_ap' | 'pooled_ap'>;

/** What does not depend on when and how fast it was found. */
export const found = ({ folds, average_ap, pooled_ap }: Found): Found => ({ folds, average_ap, pooled_ap });

/** `kubectl create -f -` of these manifests. */
export function kubectlCreate(namespace: string, yaml: string): Promise<unknown> {
  const kubectl = process.env.VEILBOOK_TEST_KUBECTL ?? 'kubectl';
  const created = promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, '--namespace', namespace, 'create', '-f', '-']);
  created.child.stdin?.end(yaml);
  return created;
}
