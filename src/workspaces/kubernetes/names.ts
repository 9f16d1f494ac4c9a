import { type V1ObjectMeta } from '@kubernetes/client-node';
import { FormatRegistry, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** Labels and annotations of ours; those of the NetApp DataOps Toolkit stay theirs. */
export const DOMAIN = 'veilbook.dev';
export const key = (name: string): string => `${DOMAIN}/${name}`;

/** Claim, Service and Deployment of a workspace that the toolkit makes or lists have this and the workspace's name. */
export const TOOLKIT_PREFIX = 'ntap-dsutil-jupyterlab-';
/** The toolkit's snapshots for a clone, which it never removes. */
export const TOOLKIT_CLONE_SNAPSHOT = 'ntap-dsutil.for-clone.';
export const WORKSPACE_LABEL = 'jupyterlab-workspace-name';
export const TOOLKIT_WORKSPACES = 'created-by=ntap-dsutil,entity-type=jupyterlab-workspace';

/** A label's value, and the name of a Service, is no longer. */
export const LONGEST_LABEL = 63;
/** What the prefix leaves of it. */
export const LONGEST_WORKSPACE = LONGEST_LABEL - TOOLKIT_PREFIX.length;

export const isWorkspaceName = (name: string): boolean =>
  name.length <= LONGEST_WORKSPACE && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name);

/** The five labels by which the toolkit knows a workspace, and by which we do. */
export function workspaceLabels(workspace: string, operation: string): Record<string, string> {
  return {
    app: `${TOOLKIT_PREFIX}${workspace}`,
    'created-by': 'ntap-dsutil',
    'entity-type': 'jupyterlab-workspace',
    'created-by-operation': operation,
    [WORKSPACE_LABEL]: workspace,
    'app.kubernetes.io/managed-by': 'veilbook'
  };
}

/** Of everything that an operation makes and may have to take away. */
export const operationLabels = (workspace: string, operation: string): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'veilbook',
  [key('workspace')]: workspace,
  [key('operation')]: operation
});

export const annotation = (object: { metadata?: V1ObjectMeta } | null | undefined, name: string): string | null =>
  object?.metadata?.annotations?.[key(name)] ?? null;

// TypeBox takes a format that it was not told of for never met.
FormatRegistry.Set('date-time', text => !Number.isNaN(Date.parse(text)));

/** @returns null where it is absent or not what it should be: anybody who may change the object may have written it */
export function jsonAnnotation<S extends TSchema>(
  object: { metadata?: V1ObjectMeta } | null | undefined,
  name: string,
  schema: S
): Static<S> | null {
  try {
    const value: unknown = JSON.parse(annotation(object, name) ?? 'null');
    return Value.Check(schema, value) ? value : null;
  } catch {
    return null;
  }
}

export const nameOf = (object: { metadata?: V1ObjectMeta }): string => object.metadata?.name ?? '';
export const uidOf = (object: { metadata?: V1ObjectMeta }): string => object.metadata?.uid ?? '';
