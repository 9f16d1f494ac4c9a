import { VeilError } from '../protocol';
import { type Cluster } from '../workspaces/kubernetes/cluster';
import { ClusterError } from '../workspaces/kubernetes/failures';
import { uidOf } from '../workspaces/kubernetes/names';
import { authorityFor, s3SecretFor } from './s3-manifest';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/;
const WHAT = { Secret: 's3configsecret-create', ConfigMap: 'caconfigmap-create' } as const;

/**
 * Keep the keys of an S3 server as the toolkit does.
 * @throws VeilError `bad_request` for an empty key; `conflict` where the name is taken
 */
export async function createS3Secret(
  cluster: Cluster,
  name: string,
  keys: { access: string; secret: string },
  dryRun = false
): Promise<void> {
  if (keys.access === '' || keys.secret === '') {
    throw new VeilError('bad_request', 'A key is empty. Nothing was made.', 'Give both.');
  }
  await make(cluster, 'Secret', name, () => cluster.create('Secret', s3SecretFor(name, keys), dryRun));
}

/**
 * Keep the certificate of an authority as the toolkit does.
 * @param pem one certificate or several
 * @throws VeilError `bad_request` for what is no certificate; `conflict` where the name is taken
 */
export async function createAuthority(cluster: Cluster, name: string, pem: string, dryRun = false): Promise<void> {
  if (!PEM.test(pem)) {
    throw new VeilError(
      'bad_request',
      'The file holds no PEM certificate. Nothing was made.',
      'Name a file that begins with BEGIN CERTIFICATE.'
    );
  }
  if (pem.includes('PRIVATE KEY')) {
    throw new VeilError(
      'bad_request',
      'The file holds a private key, which every reader of the ConfigMap would have. Nothing was made.',
      'Name a file of certificates alone.'
    );
  }
  await make(cluster, 'ConfigMap', name, () => cluster.create('ConfigMap', authorityFor(name, pem), dryRun));
}

async function make(cluster: Cluster, kind: string, name: string, create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (thrown) {
    if (thrown instanceof ClusterError && thrown.status === 409) {
      throw new VeilError(
        'conflict',
        `${kind} ${name} is there already in namespace ${cluster.namespace}, and was not changed.`,
        'Choose another name, or remove it first.'
      );
    }
    throw thrown;
  }
}

/**
 * Remove such a Secret or ConfigMap. Others of that name are left alone.
 * @throws VeilError `not_found`; `conflict` for one that neither the toolkit nor `veilbook create` made
 */
export async function deleteKeys(cluster: Cluster, kind: keyof typeof WHAT, name: string): Promise<void> {
  const found = await cluster.find(kind, name);
  if (found === null) {
    throw new VeilError(
      'not_found',
      `There is no ${kind} ${name} in namespace ${cluster.namespace}.`,
      'Check name and namespace.'
    );
  }
  if (found.metadata?.labels?.['created-by-operation'] !== WHAT[kind]) {
    throw new VeilError('conflict', `${kind} ${name} was made for something else. It stays.`, `kubectl delete removes it.`);
  }
  await cluster.remove(kind, name, uidOf(found));
}
