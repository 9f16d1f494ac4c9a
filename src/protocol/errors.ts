import { Type, type Static } from '@sinclair/typebox';

/** Every way a request can fail, with the HTTP status and the exit code it becomes. */
export const FAILURES = {
  bad_request: { status: 400, exit: 2 },
  bad_alpha: { status: 400, exit: 2 },
  bad_image: { status: 422, exit: 3 },
  image_too_large: { status: 413, exit: 3 },
  bad_tensor: { status: 422, exit: 3 },
  model_missing: { status: 404, exit: 4 },
  model_mismatch: { status: 409, exit: 4 },
  artefact_missing: { status: 409, exit: 4 },
  artefact_mismatch: { status: 409, exit: 4 },
  device_unavailable: { status: 503, exit: 5 },
  worker_died: { status: 503, exit: 5 },
  sidecar_unavailable: { status: 503, exit: 5 },
  busy: { status: 429, exit: 5 },
  unauthorized: { status: 401, exit: 5 },
  forbidden: { status: 403, exit: 5 },
  conflict: { status: 409, exit: 5 },
  timed_out: { status: 504, exit: 5 },
  cluster_unavailable: { status: 503, exit: 5 },
  server_unavailable: { status: 503, exit: 5 },
  server_mismatch: { status: 502, exit: 4 },
  egress_refused: { status: 403, exit: 9 },
  ledger_damaged: { status: 409, exit: 4 },
  quota_exceeded: { status: 507, exit: 6 },
  not_found: { status: 404, exit: 2 },
  snapshot_damaged: { status: 409, exit: 4 },
  output_unwritable: { status: 507, exit: 6 },
  cancelled: { status: 499, exit: 130 },
  internal: { status: 500, exit: 1 }
} as const;

export type ErrorCode = keyof typeof FAILURES;

export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'one of the failure codes; stable, for scripts' }),
      message: Type.String({ description: 'what went wrong and what was left undone' }),
      remedy: Type.String({ description: 'what to do about it' })
    })
  },
  { title: 'ErrorBody' }
);
export type ErrorBody = Static<typeof ErrorBody>;

/**
 * The one error type that users see. `message` names the cause and what was left undone,
 * `remedy` the way out; printed together they are one line.
 */
export class VeilError extends Error {
  override readonly name = 'VeilError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string
  ) {
    super(message);
  }

  get line(): string {
    return `${this.message} ${this.remedy}`.trim();
  }

  toBody(): ErrorBody {
    return { error: { code: this.code, message: this.message, remedy: this.remedy } };
  }

  /** Bring anything thrown to a VeilError; a programming error keeps its own message. */
  static from(thrown: unknown): VeilError {
    if (thrown instanceof VeilError) {
      return thrown;
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new VeilError('internal', message, 'This is a fault in Veilbook: please report it with the log.');
  }

  /** Inverse of `toBody`, for errors that crossed a process boundary. */
  static fromBody(body: ErrorBody): VeilError {
    const { code, message, remedy } = body.error;
    return new VeilError(code in FAILURES ? (code as ErrorCode) : 'internal', message, remedy);
  }
}
