import { VeilError } from '../protocol';
import { urlOf, type Endpoint } from './endpoint';

const CERTIFICATE = /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;
const NOT_TLS = /^(EPROTO|ERR_SSL_|HPE_)/;
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const FILES = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EIO', 'ELOOP', 'ENOENT', 'EEXIST']);

interface FromServer {
  name?: string;
  code?: string;
  Code?: string;
  path?: string;
  $metadata?: { httpStatusCode?: number };
  cause?: unknown;
}

export const stopped = (): VeilError =>
  new VeilError('cancelled', 'Stopped. What was copied stays.', 'The same command goes on where it was stopped.');

/**
 * Whatever the client or the file system threw, as one line. A server's own words are not repeated: they may hold what it
 * was sent.
 * @param about what was being copied: a bucket, `key` or a path
 */
export function failureOf(thrown: unknown, endpoint: Endpoint, about: string): VeilError {
  if (thrown instanceof VeilError) {
    return thrown;
  }
  const error = thrown as FromServer;
  const [url, name, status] = [urlOf(endpoint), error.Code ?? error.name ?? '', error.$metadata?.httpStatusCode];
  const code = error.code ?? (error.cause as FromServer | undefined)?.code ?? '';
  if (FULL.has(code)) {
    return new VeilError(
      'output_unwritable',
      `The volume is full (${code}) at ${about}.`,
      'Free some space; the same command goes on.'
    );
  }
  if (CERTIFICATE.test(code)) {
    return new VeilError(
      'server_mismatch',
      `The certificate of ${url} is not accepted (${code}). Nothing was sent.`,
      'Name its authority, or the host it was made for.'
    );
  }
  if (NOT_TLS.test(code)) {
    return new VeilError(
      'server_mismatch',
      `${url} does not speak ${endpoint.https ? 'TLS' : 'HTTP'} (${code}).`,
      'Check port and --use-https.'
    );
  }
  if (error.$metadata === undefined && FILES.has(code)) {
    return new VeilError('output_unwritable', `${about} cannot be read or written (${code}).`, 'Check the path and its rights.');
  }
  return known(name, url, about) ?? byStatus(status, url, about) ?? away(url, code || name);
}

function known(name: string, url: string, about: string): VeilError | null {
  switch (name) {
    case 'InvalidAccessKeyId':
      return new VeilError('unauthorized', `${url} does not know this access key.`, 'Check access_key.');
    case 'SignatureDoesNotMatch':
      return new VeilError(
        'unauthorized',
        `${url} refuses the signature: the secret key is not this access key’s.`,
        'Check secret_key.'
      );
    case 'ExpiredToken':
    case 'InvalidToken':
      return new VeilError('unauthorized', `${url} refuses the session token.`, 'Get a new one.');
    case 'RequestTimeTooSkewed':
      return new VeilError('server_mismatch', `The clocks of ${url} and of this machine differ.`, 'Set the clock.');
    case 'NoSuchBucket':
      return new VeilError('not_found', `${url} has no such bucket (${about}).`, 'Check its name.');
    case 'NoSuchKey':
    case 'NotFound':
      return new VeilError('not_found', `${url} has no object ${about}.`, 'List the bucket.');
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return new VeilError('server_mismatch', `The bucket is in another region of ${url} (${about}).`, 'Say --region.');
    case 'PreconditionFailed':
      return new VeilError('conflict', `${about} was replaced while it was copied.`, 'Run it again.');
    default:
      return null;
  }
}

function byStatus(status: number | undefined, url: string, about: string): VeilError | null {
  switch (status) {
    case 401:
    case 403:
      return new VeilError('forbidden', `${url} does not allow this (${about}).`, 'Ask for the right, or check the keys.');
    case 404:
      return new VeilError('not_found', `${url} has no ${about}.`, 'Check bucket and key.');
    case 507:
      return new VeilError('quota_exceeded', `${url} has no room for ${about}.`, 'Free some space there.');
    default:
      return status === undefined || status >= 500
        ? null
        : new VeilError('server_mismatch', `${url} answered ${status} (${about}).`, 'Check that it is an S3 server.');
  }
}

const away = (url: string, reason: string): VeilError =>
  new VeilError(
    'server_unavailable',
    `${url} did not answer (${/^[\w.]{1,60}$/.test(reason) ? reason : 'no reason given'}).`,
    'Check host and port; what was copied stays.'
  );
