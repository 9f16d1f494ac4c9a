import { VeilError } from '../protocol';
import { key, LONGEST_LABEL } from '../workspaces/kubernetes/names';

/** Service and Deployment of a Triton server that the toolkit makes or lists have this and the server's name. */
const PREFIX = 'ntap-dsutil-triton-';
/** What the prefix leaves of a Service's name. It is the limit of a workspace's name too. */
const LONGEST = Math.min(40, LONGEST_LABEL - PREFIX.length);

export const SERVER_LABEL = 'triton-server-name';
/** By which the toolkit finds its servers, and ours. */
export const SERVERS = 'created-by=ntap-dsutil,entity-type=triton_server';
/** A hash over all that was asked for, by which the same is known again. */
export const MANIFEST = key('manifest');

export const objectName = (server: string): string => `${PREFIX}${server}`;

/** The toolkit's labels, but for `app`: there it writes a workspace's, and so their Services select each other's pods. */
export const labelsOf = (server: string): Record<string, string> => ({
  app: objectName(server),
  'created-by': 'ntap-dsutil',
  'entity-type': 'triton_server',
  'created-by-operation': 'create-triton-server',
  [SERVER_LABEL]: server,
  'app.kubernetes.io/managed-by': 'veilbook'
});

/** @throws VeilError `bad_request` */
export function requireServerName(name: string): void {
  if (name.length > LONGEST || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new VeilError(
      'bad_request',
      `${name || "''"} cannot be a Triton server's name: it is at most ${LONGEST} lower-case letters, digits and hyphens. Nothing was done.`,
      'Choose another name.'
    );
  }
}
