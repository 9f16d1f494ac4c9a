import { Type } from '@sinclair/typebox';
import type { IncomingHttpHeaders } from 'node:http';
import { mismatch } from './failures';
import { readDocument } from './metadata';
import type { Parts } from './parts';
import type { Answer, Question } from './wire';

/** Of KServe's binary tensor extension: bytes of the JSON in front of the tensors. */
export const HEADER_LENGTH = 'inference-header-content-length';

const AnswerHeader = Type.Object({
  id: Type.String({ default: '' }),
  model_name: Type.String(),
  model_version: Type.String({ default: '' }),
  outputs: Type.Array(
    Type.Object({
      name: Type.String(),
      datatype: Type.String(),
      shape: Type.Array(Type.Integer({ minimum: 0 })),
      parameters: Type.Object({ binary_data_size: Type.Integer({ minimum: 0 }) })
    })
  )
});

/** A request as its JSON and the tensors that follow it, none of them copied. */
export function writeQuestion({ id, inputs, wanted }: Question): { header: Buffer; tensors: Uint8Array[] } {
  const header = JSON.stringify({
    id,
    inputs: inputs.map(({ name, shape, datatype, data }) => ({
      name,
      shape,
      datatype,
      parameters: { binary_data_size: data.length }
    })),
    outputs: wanted.map(name => ({ name, parameters: { binary_data: true } }))
  });
  return { header: Buffer.from(header), tensors: inputs.map(({ data }) => data) };
}

/**
 * Take an answer apart: its JSON, then the tensors in its order, to the last byte. Each has memory of its own.
 * @throws ServerFailure `server_mismatch`
 */
export function readAnswer(server: string, headers: IncomingHttpHeaders, body: Parts): Omit<Answer, 'sha256'> {
  const length = headers[HEADER_LENGTH];
  if (length === undefined) {
    throw mismatch(server, 'answered without binary tensors', 'Use a server with the binary tensor extension, or its gRPC port.');
  }
  if (!/^application\/octet-stream\b/.test(headers['content-type'] ?? '')) {
    throw mismatch(server, 'answered with another content type than application/octet-stream');
  }
  const end = /^\d{1,9}$/.test(String(length)) ? Number(length) : Number.NaN;
  if (!(end <= body.length)) {
    throw mismatch(server, 'announced a longer header than its answer has');
  }
  const answer = readDocument(server, AnswerHeader, parse(server, body.text(0, end)), 'its answer');
  let at = end;
  const outputs = answer.outputs.map(({ parameters, ...output }) => {
    const data = body.range(at, at + parameters.binary_data_size);
    at += parameters.binary_data_size;
    return { ...output, data };
  });
  if (at !== body.length) {
    throw mismatch(server, `sent ${at > body.length ? 'fewer' : 'more'} bytes than its outputs have`);
  }
  return { id: answer.id, model: answer.model_name, version: answer.model_version, outputs };
}

function parse(server: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw mismatch(server, 'answered with a header that is no JSON document');
  }
}
