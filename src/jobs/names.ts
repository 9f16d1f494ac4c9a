import { key } from '../workspaces/kubernetes/names';

export const JOB_LABEL = key('job');
/** The request that a Job was made by, as JSON; and a hash over all of what was made, by which one's own is known again. */
export const REQUEST = key('request');
export const MANIFEST = key('manifest');
/** On the claim made from a snapshot. */
export const SNAPSHOT = key('snapshot');

export const CONTAINER = 'inference';

export const labelsOf = (job: string): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'veilbook',
  [JOB_LABEL]: job
});

/** Every Job of ours, or one; Jobs that belong to operations on workspaces lack the label. */
export const selectorOf = (job?: string): string =>
  `app.kubernetes.io/managed-by=veilbook,${job === undefined ? JOB_LABEL : `${JOB_LABEL}=${job}`}`;

/** The claim that a Job reads in place of the one that a snapshot was taken of. */
export const cloneName = (job: string): string => `${job}-data`;
