import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import * as messages from '../kserve/generated/inference_pb';
import { BARE_PATH } from './bare-http';

/** Shape of the bundled model's activation: 512 KiB of float32. */
export const ECHO_SHAPE = [1, 128, 32, 32];
const PORT = { datatype: 'FP32', shape: [-1, ...ECHO_SHAPE.slice(1)] };
const MODEL = {
  name: 'echo',
  versions: ['1'],
  platform: 'echo',
  inputs: [{ name: 'in', ...PORT }],
  outputs: [{ name: 'out', ...PORT }]
};

/** Ports on 127.0.0.1. */
export interface EchoPorts {
  http: number;
  grpc: number;
}

/**
 * A measuring partner: a server of KServe v2 whose one model answers with its input. The model `echo-N` does so after N
 * milliseconds, as many requests at a time as come: a model with cores for all of them. It checks nothing.
 */
export async function startEchoServer(): Promise<{ ports: EchoPorts; stop(): void }> {
  const http = createServer((request, response) => void answerHttp(request, response));
  const grpc = createHttp2();
  grpc.on('stream', (stream, headers) => void answerGrpc(stream, headers));
  const listen = (server: Server) =>
    new Promise<number>(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  const ports = { http: await listen(http), grpc: await listen(grpc as Server) };
  return { ports, stop: () => [http, grpc].forEach(server => server.close()) };
}

const delayOf = (model: string) => Number(/^echo-(\d+)$/.exec(model)?.[1] ?? 0);

async function read(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) {
    parts.push(part as Buffer);
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

async function answerHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request);
  if (request.url === BARE_PATH) {
    response.writeHead(200, { 'content-length': body.length }).end(body);
    return;
  }
  const [, model = '', part = ''] = /^\/v2\/models\/([^/]+)(\/[a-z]+)?$/.exec(request.url ?? '') ?? [];
  const json = (document: object) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  if (part !== '/infer') {
    json(
      model && part !== '/ready' ? { ...MODEL, name: model } : { name: 'echo', version: '1', extensions: ['binary_tensor_data'] }
    );
    return;
  }
  if (delayOf(model) > 0) {
    await pause(delayOf(model));
  }
  const length = Number(request.headers['inference-header-content-length'] ?? 0);
  const { id, inputs } = JSON.parse(body.toString('utf8', 0, length || body.length));
  const { shape, data } = inputs[0];
  const output = { name: 'out', datatype: 'FP32', shape };
  const answer = { id, model_name: model, model_version: '1' };
  if (length === 0) {
    // As a server that computes: the numbers become float32, and text again.
    json({ ...answer, outputs: [{ ...output, data: Array.from(Float32Array.from(data)) }] });
    return;
  }
  const tensor = body.subarray(length);
  const header = Buffer.from(
    JSON.stringify({ ...answer, outputs: [{ ...output, parameters: { binary_data_size: tensor.length } }] })
  );
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': header.length,
    'content-length': header.length + tensor.length
  });
  response.write(header);
  response.end(tensor);
}

async function answerGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const body = (await read(stream)).subarray(5);
  const send = <T extends DescMessage>(schema: T, fields: MessageInitShape<T>) => {
    const message = toBinary(schema, create(schema, fields));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.write(prefix);
    stream.end(message);
  };
  switch (String(headers[':path']).split('/')[2]) {
    case 'ServerLive':
      send(messages.ServerLiveResponseSchema, { live: true });
      return;
    case 'ServerReady':
    case 'ModelReady':
      send(messages.ModelReadyResponseSchema, { ready: true });
      return;
    case 'ModelMetadata': {
      const { name } = fromBinary(messages.ModelMetadataRequestSchema, body);
      const ports = (list: typeof MODEL.inputs) => list.map(port => ({ ...port, shape: port.shape.map(BigInt) }));
      send(messages.ModelMetadataResponseSchema, { ...MODEL, name, inputs: ports(MODEL.inputs), outputs: ports(MODEL.outputs) });
      return;
    }
    default: {
      const { id, modelName, inputs, rawInputContents } = fromBinary(messages.ModelInferRequestSchema, body);
      if (delayOf(modelName) > 0) {
        await pause(delayOf(modelName));
      }
      const outputs = [{ name: 'out', datatype: 'FP32', shape: inputs[0].shape }];
      send(messages.ModelInferResponseSchema, { id, modelName, modelVersion: '1', outputs, rawOutputContents: rawInputContents });
    }
  }
}
