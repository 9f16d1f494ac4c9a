import { create, fromBinary, fromJson, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import * as messages from '../../../src/egress/kserve/generated/inference_pb';
import { type METADATA, tail, VALUES } from './model-for-tests';
import { statisticsOf, type ProtocolServer, type Reply } from './protocol-server';

/** A call that ends with a status other than OK. */
class Status extends Error {
  constructor(
    readonly code: number,
    message: string
  ) {
    super(message);
  }
}

const demand = (held: boolean, why: string) => {
  if (!held) {
    throw new Status(3, why);
  }
};

/** Answer one call over gRPC. */
export async function answerGrpc(server: ProtocolServer, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const { faults } = server;
  server.lastHeaders = headers;
  stream.on('error', () => undefined);
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) {
      parts.push(part as Buffer);
    }
  } catch {
    return;
  }
  const body = Buffer.concat(parts);
  const method = String(headers[':path']).replace('/inference.GRPCInferenceService/', '');
  const infers = method === 'ModelInfer';
  if (faults.delayMs && (infers || faults.delayAll)) {
    await pause(faults.delayMs, undefined, { ref: false });
  }
  if (stream.destroyed) {
    return;
  }
  try {
    demand(
      headers[':method'] === 'POST' && headers['content-type'] === 'application/grpc' && headers.te === 'trailers',
      'headers'
    );
    demand(body.length >= 5 && body[0] === 0 && body.readUInt32BE(1) === body.length - 5, 'one message');
    if (infers) {
      server.asked++;
      infer(server, stream, body.subarray(5));
    } else {
      send(stream, describe(server, method, body.subarray(5)));
    }
  } catch (thrown) {
    const { code = 2, message } = thrown as Status;
    server.complaint = message;
    refuse(stream, code, body);
  }
}

/** A status with a message that repeats the call (percent-encoded, as gRPC has it). */
function refuse(stream: ServerHttp2Stream, code: number, body: Buffer): void {
  const message = encodeURIComponent(`unexpected ${body.toString('latin1').slice(0, 500)}`);
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code, 'grpc-message': message },
    { endStream: true }
  );
}

function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function send(stream: ServerHttp2Stream, message: Uint8Array, extra: Record<string, string> = {}, left = 0): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...extra }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.concat([frame(message), Buffer.alloc(left)]));
}

/** Read a message that has nothing the protocol does not name. */
function read<T extends DescMessage>(schema: T, bytes: Uint8Array) {
  const message = fromBinary(schema, bytes);
  demand(!message.$unknown, 'unknown fields');
  return message;
}

function describe({ faults, metadata, parameters, answered }: ProtocolServer, method: string, body: Uint8Array): Uint8Array {
  const write = <T extends DescMessage>(schema: T, fields: MessageInitShape<T>) => toBinary(schema, create(schema, fields));
  const ofModel = () => {
    const { name, version } = read(messages.ModelReadyRequestSchema, body);
    if (name !== 'tail' || !['', '1'].includes(version)) {
      throw new Status(5, `unknown ${name}`);
    }
  };
  switch (method) {
    case 'ServerLive':
      return write(messages.ServerLiveResponseSchema, { live: true });
    case 'ServerReady':
      return write(messages.ServerReadyResponseSchema, { ready: faults.notReady !== 'server' });
    case 'ModelReady':
      ofModel();
      return write(messages.ModelReadyResponseSchema, { ready: faults.notReady !== 'model' });
    case 'ModelMetadata': {
      ofModel();
      const { inputs, outputs, ...rest } = metadata as typeof METADATA;
      const ports = (list: typeof inputs) => list.map(port => ({ ...port, shape: port.shape.map(BigInt) }));
      return write(messages.ModelMetadataResponseSchema, { ...rest, inputs: ports(inputs), outputs: ports(outputs) });
    }
    case 'ModelConfig': {
      ofModel();
      const values = Object.entries(parameters).map(([name, stringValue]) => [name, { stringValue }]);
      return write(messages.ModelConfigResponseSchema, {
        config: { name: 'tail', maxBatchSize: 8, parameters: Object.fromEntries(values) }
      });
    }
    case 'ModelStatistics': {
      ofModel();
      const statistics = fromJson(messages.ModelStatisticsResponseSchema, JSON.parse(JSON.stringify(statisticsOf(answered))));
      return toBinary(messages.ModelStatisticsResponseSchema, statistics);
    }
    default:
      throw new Status(12, `unknown ${method}`);
  }
}

function infer(server: ProtocolServer, stream: ServerHttp2Stream, body: Buffer): void {
  const { faults } = server;
  const bad = [faults.status, faults.grpcStatus, faults.hangUp, faults.half].some(each => each !== undefined);
  const fails = bad && server.failing();
  if (fails && faults.hangUp) {
    stream.session?.destroy();
    return;
  }
  if (fails && faults.grpcStatus !== undefined) {
    refuse(stream, faults.grpcStatus, body);
    return;
  }
  if (fails && faults.status !== undefined) {
    stream.respond({ ':status': faults.status, ...(faults.location ? { location: faults.location } : {}) });
    stream.end(body);
    return;
  }
  const reply = code((faults.edit ?? (same => same))(answer(body)));
  if (fails && faults.half) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(frame(reply).subarray(0, reply.length / 2), () => setImmediate(() => stream.session?.destroy()));
    return;
  }
  if (faults.endless) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const more = () => !stream.destroyed && stream.write(Buffer.alloc(1 << 16), () => setImmediate(more));
    more();
    return;
  }
  server.answered++;
  send(stream, faults.text === undefined ? reply : Buffer.from(faults.text), faults.headers, faults.leftover);
}

/** Hold a call against the protocol, and run the tail on it. */
function answer(body: Buffer): Reply {
  const request = read(messages.ModelInferRequestSchema, body);
  const [input] = request.inputs;
  demand(request.modelName === 'tail' && ['', '1'].includes(request.modelVersion) && request.id !== '', 'model and id');
  demand(request.inputs.length === 1 && request.rawInputContents.length === 1, 'one input, one raw tensor');
  demand(!input.$unknown && Object.keys(input.parameters).length === 0, 'typed contents or parameters');
  const [batch, ...sides] = input.shape.map(Number);
  demand(input.name === 'activation' && input.datatype === 'FP32' && sides.join() === '2,4,4' && batch >= 1, 'input');
  demand(request.rawInputContents[0].length === 4 * VALUES * batch, 'bytes');
  const wanted = request.outputs.map(({ name }) => name);
  const outputs = tail(request.rawInputContents[0], batch).filter(({ name }) => wanted.includes(name));
  demand(outputs.length === wanted.length, 'names of the outputs');
  return { id: request.id, model: 'tail', version: '1', outputs };
}

function code({ id, model, version, outputs }: Reply): Uint8Array {
  const reply = create(messages.ModelInferResponseSchema, {
    id,
    modelName: model,
    modelVersion: version,
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
    rawOutputContents: outputs.map(({ data }) => data)
  });
  return toBinary(messages.ModelInferResponseSchema, reply);
}
