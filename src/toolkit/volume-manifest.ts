import { type V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { VeilError } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { bytesOf } from '../workspaces/kubernetes/quantity';
import { toolkitLabels } from './labels';

export const ACCESS_MODES = ['ReadWriteMany', 'ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteOncePod'] as const;

export interface VolumeRequest {
  name: string;
  /** A quantity, such as 10Gi. */
  size: string;
  /** Default: the cluster's default class. */
  storageClass?: string;
  /** Default ReadWriteMany, as the toolkit has it. */
  accessMode?: (typeof ACCESS_MODES)[number];
}

/** @throws VeilError `bad_request` */
export function volumeObject({ name, size, storageClass, accessMode }: VolumeRequest): Fresh<V1PersistentVolumeClaim> {
  requireVolumeName(name);
  if (!(bytesOf(size) > 0)) {
    throw new VeilError('bad_request', `${size || "''"} is no size. Nothing was made.`, 'Say it as in 10Gi.');
  }
  return {
    metadata: { name, labels: toolkitLabels('create-volume') },
    spec: {
      accessModes: [accessMode ?? 'ReadWriteMany'],
      resources: { requests: { storage: size } },
      ...(storageClass !== undefined && { storageClassName: storageClass })
    }
  };
}

/** @throws VeilError `bad_request` */
export function requireVolumeName(name: string): void {
  if (name.length > 253 || !/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new VeilError(
      'bad_request',
      `${name || "''"} cannot be a name: lower-case letters, digits, hyphens, dots. Nothing was done.`,
      'Choose another name.'
    );
  }
}
