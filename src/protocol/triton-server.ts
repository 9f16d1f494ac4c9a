import { Type, type Static } from '@sinclair/typebox';

const Address = Type.Union([Type.String(), Type.Null()], { description: 'host:port; null while nobody knows' });

export const TRITON_STATUSES = ['ready', 'not ready', 'stopped', 'deleting'] as const;

/** A Triton server on a cluster: the Deployment and the Service `ntap-dsutil-triton-NAME`. */
export const TritonServer = Type.Object(
  {
    name: Type.String(),
    namespace: Type.String(),
    status: Type.Union(TRITON_STATUSES.map(status => Type.Literal(status))),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'why it is not ready, in the words of the cluster' }),
    http: Address,
    grpc: Address,
    metrics: Address,
    cluster_address: Type.Object(
      { http: Type.String(), grpc: Type.String() },
      { description: 'host:port for whatever runs in the cluster' }
    ),
    image: Type.String(),
    claim: Type.Union([Type.String(), Type.Null()], { description: 'the PersistentVolumeClaim with its models' }),
    made_by: Type.Union([Type.Literal('veilbook'), Type.Literal('netapp-dataops-toolkit')]),
    created: Type.String({ format: 'date-time' }),
    warning: Type.Union([Type.String(), Type.Null()], {
      description: 'what keeps requests from reaching it alone, as a workspace whose pods its Service selects too'
    })
  },
  { title: 'TritonServer' }
);
export type TritonServer = Omit<Static<typeof TritonServer>, 'status'> & { status: (typeof TRITON_STATUSES)[number] };
