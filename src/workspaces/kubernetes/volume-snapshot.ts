import { type KubernetesObject } from '@kubernetes/client-node';

/** `snapshot.storage.k8s.io/v1`, as far as it is read here. `status` is absent at first. */
export interface VolumeSnapshot extends KubernetesObject {
  spec: {
    volumeSnapshotClassName?: string;
    source: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string };
  };
  status?: {
    boundVolumeSnapshotContentName?: string;
    creationTime?: string | Date;
    /** Absent: nobody knows yet. */
    readyToUse?: boolean;
    /** The least that a claim from it must ask for; absent or 0: unknown. On some drivers the used bytes. */
    restoreSize?: string;
    /** Interim: the controller goes on trying. */
    error?: { message?: string; time?: string };
  };
}

export interface VolumeSnapshotClass extends KubernetesObject {
  driver: string;
  deletionPolicy: 'Delete' | 'Retain';
}
