import { Type, type Static } from '@sinclair/typebox';

const Time = Type.Union([Type.String({ format: 'date-time' }), Type.Null()]);

export const S3_JOB_STATES = ['waiting', 'running', 'complete', 'failed'] as const;

/** A copy between a bucket and a volume, as a Job on a cluster. */
export const S3Job = Type.Object(
  {
    name: Type.String(),
    namespace: Type.String(),
    operation: Type.String({ description: 'get-bucket, get-object, put-bucket or put-object' }),
    state: Type.Union(S3_JOB_STATES.map(state => Type.Literal(state))),
    failed_pods: Type.Integer(),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'why it waits or failed' }),
    said: Type.Array(Type.String(), { description: 'the last lines of its newest pod' }),
    begun: Time,
    ended: Time
  },
  { title: 'S3Job' }
);
export type S3Job = Omit<Static<typeof S3Job>, 'state'> & { state: (typeof S3_JOB_STATES)[number] };
