import type { ErrorCode } from '../../protocol';
import { VeilError } from '../../protocol';

/**
 * Failure of a model server or of the way to it. Its words are this program's: what the server wrote may repeat what it was
 * sent, so of an answer that failed only the status is read.
 */
export class ServerFailure extends VeilError {
  /** Bytes on the sockets of the exchange, all attempts together; for the ledger. */
  bytes_sent = 0;
  bytes_received = 0;
  attempts = 0;

  constructor(
    code: ErrorCode,
    message: string,
    remedy: string,
    /** The same tensor may be sent again; see `ModelServer.infer`. */
    readonly again = false
  ) {
    super(code, message, remedy);
  }

  /** Whether the server may have read something of the tensor. */
  get departed(): boolean {
    return this.bytes_sent > 0;
  }
}

const AWAY = 'See that the server runs and that its address and port are right.';

/** Error codes of sockets, TLS and parsers, in our words. */
const CONNECTION: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'no host has that name',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the host does not answer'
};
const CERTIFICATE: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
  CERT_UNTRUSTED: 'its certificate is not trusted',
  CERT_REVOKED: 'its certificate is revoked'
};

/** A connection that was not made, or was lost; `thrown` is read for its code alone. */
export function unreachable(server: string, thrown: unknown): ServerFailure {
  const code = String((thrown as NodeJS.ErrnoException)?.code ?? '');
  if (code in CERTIFICATE) {
    return new ServerFailure(
      'server_mismatch',
      `${server} was not believed: ${CERTIFICATE[code]}. Nothing was sent.`,
      'Have the certificate mended, or name the authority that signed it.'
    );
  }
  if (/^(ERR_SSL|EPROTO|ERR_TLS|ERR_HTTP2|HPE_)/.test(code)) {
    return new ServerFailure(
      'server_mismatch',
      `${server} speaks another protocol than its address says.`,
      'See whether the port is that of HTTP or of gRPC, and whether it wants TLS.'
    );
  }
  return new ServerFailure(
    'server_unavailable',
    `${server} is away: ${CONNECTION[code] ?? 'the connection failed'}.`,
    AWAY,
    true
  );
}

/** The connection ended after the tensor had gone, before the first byte of an answer. */
export function lost(server: string): ServerFailure {
  return new ServerFailure('server_unavailable', `${server} closed the connection and did not answer.`, AWAY, true);
}

/** The connection ended in the middle of an answer. */
export function brokenOff(server: string): ServerFailure {
  return new ServerFailure(
    'server_unavailable',
    `${server} broke off in the middle of its answer. No result was made.`,
    'Try again; see that the server runs.'
  );
}

export function timedOut(server: string, ms: number): ServerFailure {
  return new ServerFailure(
    'timed_out',
    `${server} did not answer within ${ms} ms. No result was made.`,
    'See what keeps the server busy, or allow more time.'
  );
}

export function cancelled(server: string): ServerFailure {
  return new ServerFailure('cancelled', `The exchange with ${server} was cancelled. No result was made.`, '');
}

/** The server's answer or its model is not what was agreed; `what` is in our words. */
export function mismatch(server: string, what: string, remedy = 'See which model the server serves there.'): ServerFailure {
  return new ServerFailure('server_mismatch', `${server} ${what}. No result was made.`, remedy);
}

/** An HTTP status that is not 200. */
export function refusedStatus(server: string, status: number): ServerFailure {
  if (status >= 300 && status < 400) {
    return new ServerFailure(
      'egress_refused',
      `${server} answered with a redirect (${status}), which is not followed: a tensor goes to the server that was named and to no other.`,
      'Name the server itself.'
    );
  }
  if (status === 401 || status === 403) {
    return new ServerFailure(
      'server_unavailable',
      `${server} does not let this client in (${status}).`,
      'Give a valid token as a header.'
    );
  }
  if (status === 404) {
    return mismatch(server, 'does not know the model (404)', 'Compare the model and its version with what the server serves.');
  }
  if (status === 429 || status === 503) {
    return new ServerFailure(
      'server_unavailable',
      `${server} is not ready for requests (${status}).`,
      'Try again when it is.',
      true
    );
  }
  return status >= 500
    ? new ServerFailure('server_unavailable', `${server} failed (${status}). No result was made.`, "See the server's log.")
    : mismatch(server, `refused the request (${status})`, "See the server's log.");
}

/** A gRPC status that is not OK (0). */
export function refusedCall(server: string, status: number): ServerFailure {
  const asHttp: Record<number, number> = { 3: 400, 5: 404, 7: 403, 8: 429, 14: 503, 16: 401 };
  if (status in asHttp) {
    return refusedStatus(server, asHttp[status]);
  }
  return status === 4
    ? new ServerFailure('timed_out', `${server} did not finish in time. No result was made.`, 'Allow more time.')
    : new ServerFailure(
        'server_unavailable',
        `${server} failed (gRPC status ${status}). No result was made.`,
        "See the server's log."
      );
}
