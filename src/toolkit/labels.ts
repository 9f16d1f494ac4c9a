import { LONGEST_LABEL } from '../workspaces/kubernetes/names';

/** By which the toolkit knows what it made, and ours; with what the object was made of. */
export const toolkitLabels = (operation: string, source?: string): Record<string, string> => ({
  'created-by': 'ntap-dsutil',
  'created-by-operation': operation,
  'app.kubernetes.io/managed-by': 'veilbook',
  ...(source !== undefined && source.length <= LONGEST_LABEL && { 'source-pvc': source })
});
