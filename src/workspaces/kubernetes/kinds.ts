import {
  type V1ConfigMap,
  type V1Deployment,
  type V1Job,
  type V1Lease,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1ReplicaSet,
  type V1Secret,
  type V1SelfSubjectAccessReview,
  type V1SelfSubjectRulesReview,
  type V1Service,
  type CoreV1Event
} from '@kubernetes/client-node';
import { type VolumeSnapshot, type VolumeSnapshotClass } from './volume-snapshot';

/** The objects that a workspace is made of, and what is done with them. */
export interface Objects {
  ConfigMap: V1ConfigMap;
  Deployment: V1Deployment;
  Event: CoreV1Event;
  Job: V1Job;
  Lease: V1Lease;
  PersistentVolume: V1PersistentVolume;
  PersistentVolumeClaim: V1PersistentVolumeClaim;
  Pod: V1Pod;
  ReplicaSet: V1ReplicaSet;
  Secret: V1Secret;
  SelfSubjectAccessReview: V1SelfSubjectAccessReview;
  SelfSubjectRulesReview: V1SelfSubjectRulesReview;
  Service: V1Service;
  VolumeSnapshot: VolumeSnapshot;
  VolumeSnapshotClass: VolumeSnapshotClass;
}
export type Kind = keyof Objects;

interface Resource {
  apiVersion: string;
  plural: string;
  /** Not in a namespace. */
  clusterWide?: true;
  /** A custom resource. */
  custom?: true;
}

export const RESOURCES: Record<Kind, Resource> = {
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
  Event: { apiVersion: 'v1', plural: 'events' },
  Job: { apiVersion: 'batch/v1', plural: 'jobs' },
  Lease: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases' },
  PersistentVolume: { apiVersion: 'v1', plural: 'persistentvolumes', clusterWide: true },
  PersistentVolumeClaim: { apiVersion: 'v1', plural: 'persistentvolumeclaims' },
  Pod: { apiVersion: 'v1', plural: 'pods' },
  ReplicaSet: { apiVersion: 'apps/v1', plural: 'replicasets' },
  Secret: { apiVersion: 'v1', plural: 'secrets' },
  SelfSubjectAccessReview: {
    apiVersion: 'authorization.k8s.io/v1',
    plural: 'selfsubjectaccessreviews',
    clusterWide: true
  },
  SelfSubjectRulesReview: {
    apiVersion: 'authorization.k8s.io/v1',
    plural: 'selfsubjectrulesreviews',
    clusterWide: true
  },
  Service: { apiVersion: 'v1', plural: 'services' },
  VolumeSnapshot: { apiVersion: 'snapshot.storage.k8s.io/v1', plural: 'volumesnapshots', custom: true },
  VolumeSnapshotClass: {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    plural: 'volumesnapshotclasses',
    clusterWide: true,
    custom: true
  }
};
