import { ApiException } from '@kubernetes/client-node';
import { VeilError, type ErrorCode } from '../../protocol';

/** What the API server said to a call, as users see it; `status` 0: it said nothing. */
export class ClusterError extends VeilError {
  constructor(
    code: ErrorCode,
    message: string,
    remedy: string,
    readonly status: number,
    /** The server's word, such as AlreadyExists. */
    readonly reason: string
  ) {
    super(code, message, remedy);
  }
}

export interface Call {
  verb: string;
  /** Plural, and the name where there is one: `persistentvolumeclaims work`. */
  what: string;
  /** `namespace data`, or where else. */
  where: string;
  server: string;
  /** The command that prints the Role which allows it. */
  role: string;
}

/** Bring what a call threw to one line that names cause and remedy. */
export function clusterError(thrown: unknown, call: Call): VeilError {
  if (thrown instanceof VeilError) {
    return thrown;
  }
  if (isUnknownKind(thrown)) {
    return new ClusterError(
      'not_found',
      `The cluster does not know ${call.what.split(' ')[0]}: their definition is not installed.`,
      'An administrator installs it; veilbook doctor says what else is missing.',
      0,
      'UnknownKind'
    );
  }
  if (!(thrown instanceof ApiException)) {
    return unreachable(thrown, call);
  }
  const { code: status } = thrown;
  const { message, reason } = said(thrown.body);
  const about = `${call.verb} ${call.what} in ${call.where}`;
  const error = (code: ErrorCode, text: string, remedy: string) => new ClusterError(code, text, remedy, status, reason);
  if (status === 403 && /exceeded quota|forbidden: maximum|limit/i.test(message) && !/cannot \w+ resource/.test(message)) {
    return error('quota_exceeded', `The namespace's limits do not allow this: ${message}.`, 'Free some, or ask for more.');
  }
  if (status === 403 && /violates PodSecurity|admission webhook|admission policy/i.test(message)) {
    return error('forbidden', `A rule of the cluster refuses to ${about}: ${message}.`, 'Ask whoever keeps the namespace.');
  }
  switch (status) {
    case 401:
      return error('unauthorized', `The cluster does not accept these credentials (${about}).`, 'Renew the kubeconfig or token.');
    case 403:
      return error('forbidden', `The cluster does not allow to ${about}.`, `${call.role} prints the Role that does.`);
    case 404:
      return error('not_found', `There is no ${call.what} in ${call.where}.`, '');
    case 409:
      return error('conflict', `${call.what} in ${call.where} was changed or made by somebody else meanwhile.`, 'Try again.');
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return error('cluster_unavailable', `The cluster is out of order (${status}: ${message}).`, 'Try again later.');
    default:
      return error('bad_request', `The cluster refused to ${about}: ${message}.`, '');
  }
}

/** What may pass by itself. */
export const isTransient = (thrown: unknown): boolean =>
  !isUnknownKind(thrown) &&
  (thrown instanceof ApiException ? [429, 500, 502, 503, 504].includes(thrown.code) : !(thrown instanceof VeilError));

/** The client asks which kinds there are before it asks for one, and says so in its message alone. */
function isUnknownKind(thrown: unknown): boolean {
  const { message } = thrown as Error;
  const absent = thrown instanceof ApiException && thrown.code === 404 && message.startsWith('Failed to fetch resource metadata');
  return absent || message.startsWith('Unrecognized API version and kind');
}

function unreachable(thrown: unknown, { server }: Call): ClusterError {
  const { message, cause } = thrown as Error & { cause?: { code?: string; message?: string } };
  const why = cause?.code ?? cause?.message ?? message;
  return new ClusterError(
    'cluster_unavailable',
    `The cluster at ${server} does not answer (${why}).`,
    'See that it runs and can be reached: kubectl version.',
    0,
    ''
  );
}

/** The body is a Status, as an object or as text; a proxy may say anything. */
function said(body: unknown): { message: string; reason: string } {
  const parsed = typeof body === 'string' ? parse(body) : body;
  const { message, reason } = (parsed ?? {}) as { message?: string; reason?: string };
  const text = message ?? (typeof body === 'string' ? body : '');
  return { message: text.replace(/\s+/g, ' ').trim().slice(0, 400), reason: reason ?? '' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
