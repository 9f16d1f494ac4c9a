import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { FAILURES, VeilError } from '../protocol';

export function statusOf(error: VeilError): number {
  return FAILURES[error.code].status;
}

/** Bring what a route, a schema or Fastify itself threw to the one error type. */
export function toVeilError(thrown: unknown): VeilError {
  if (thrown instanceof VeilError) {
    return thrown;
  }
  const error = thrown as Partial<FastifyError>;
  if (error.validation) {
    return new VeilError(
      'bad_request',
      `${describeViolation(error.validation, error.validationContext ?? 'request')}. Nothing was run.`,
      'GET /v1/openapi.json describes every route.'
    );
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new VeilError('bad_request', 'The body is larger than this route takes. Nothing was run.', 'Send a smaller document.');
  }
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new VeilError(
      'bad_request',
      'The Content-Type of the body is not one this route takes. Nothing was run.',
      'Send application/octet-stream with width and height, image/*, application/vnd.safetensors or application/json.'
    );
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new VeilError('bad_request', `${error.message ?? 'Bad request'}. Nothing was run.`, 'Check the request.');
  }
  return VeilError.from(thrown);
}

/** One readable sentence part out of Ajv's list: `query: mode must be one of clean, noisy`. */
export function describeViolation(violations: FastifySchemaValidationError[], context: string): string {
  const [first] = violations;
  const where = context === 'querystring' ? 'query' : context;
  const name = first.instancePath.slice(1).replaceAll('/', '.');
  const choices = violations.filter(v => v.keyword === 'const' && v.instancePath === first.instancePath);
  if (choices.length > 0) {
    return `${where}: ${name} must be one of ${choices.map(v => String(v.params.allowedValue)).join(', ')}`;
  }
  if (first.keyword === 'additionalProperties') {
    return `${where}: ${String(first.params.additionalProperty)} is not known here`;
  }
  if (first.keyword === 'required') {
    return `${where}: ${String(first.params.missingProperty)} is missing`;
  }
  const form = first.keyword === 'pattern' && (first as { parentSchema?: { description?: string } }).parentSchema?.description;
  return `${where}: ${[name, form ? `must be ${form}` : first.message].filter(Boolean).join(' ')}`;
}
