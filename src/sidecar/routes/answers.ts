import { Type, type TSchema } from '@sinclair/typebox';
import { ErrorBody, SAFETENSORS_MIME } from '../../protocol';

/** Response schemas of a route: its own answer, and the error body for everything else. */
export function answers<Answer extends TSchema>(answer: Answer) {
  return { 200: answer, '4xx': ErrorBody, '5xx': ErrorBody };
}

const Binary = Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' });

/** The same for a route that answers with tensors. */
export function tensorAnswers(description: string) {
  return { 200: { description, content: { [SAFETENSORS_MIME]: { schema: Binary } } }, '4xx': ErrorBody, '5xx': ErrorBody };
}

/** Answered as JSON, or as safetensors to a caller that asks for it. */
export function eitherAnswers(answer: TSchema, description: string) {
  return {
    200: { description, content: { 'application/json': { schema: answer }, [SAFETENSORS_MIME]: { schema: Binary } } },
    '4xx': ErrorBody,
    '5xx': ErrorBody
  };
}
