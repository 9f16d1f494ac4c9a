import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { tail, VALUES } from './model-for-tests';
import { statisticsOf, type ProtocolServer, type Reply } from './protocol-server';

/** A request that the protocol does not allow. */
class Refused extends Error {}

const demand = (held: boolean, why: string) => {
  if (!held) {
    throw new Refused(why);
  }
};

/** Answer one request over HTTP. */
export async function answerHttp(server: ProtocolServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { faults } = server;
  server.lastHeaders = request.headers;
  const parts: Buffer[] = [];
  try {
    for await (const part of request) {
      parts.push(part as Buffer);
    }
  } catch {
    return;
  }
  const body = Buffer.concat(parts);
  const infers = /\/infer$/.test(request.url ?? '');
  if (faults.delayMs && (infers || faults.delayAll)) {
    await pause(faults.delayMs, undefined, { ref: false });
  }
  try {
    if (infers) {
      server.asked++;
      infer(server, request, body, response);
    } else {
      describe(server, request, body, response);
    }
  } catch (thrown) {
    demand(thrown instanceof Refused, String(thrown));
    server.complaint = (thrown as Error).message;
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: echo(body) }));
  }
}

const echo = (body: Buffer) => `unexpected ${body.toString('latin1')}`;

function describe(
  { faults, metadata, parameters, answered }: ProtocolServer,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse
) {
  demand(request.method === 'GET' && body.length === 0, 'a document is asked for by GET without a body');
  const json = (document: object) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  const state = (ready: boolean) => response.writeHead(ready ? 200 : 400).end();
  const path = (request.url ?? '').replace('/v2/models/tail/versions/1', '/v2/models/tail');
  const paths: Record<string, () => void> = {
    '/v2/health/live': () => state(true),
    '/v2/health/ready': () => state(faults.notReady !== 'server'),
    '/v2': () => json({ name: 'strict', version: '1', extensions: faults.extensions ?? ['binary_tensor_data', 'statistics'] }),
    '/v2/models/tail/ready': () => state(faults.notReady !== 'model'),
    '/v2/models/tail': () => json(metadata),
    '/v2/models/tail/config': () =>
      json({
        name: 'tail',
        max_batch_size: 8,
        parameters: Object.fromEntries(Object.entries(parameters).map(([name, string_value]) => [name, { string_value }]))
      }),
    '/v2/models/tail/stats': () => json(statisticsOf(answered))
  };
  (paths[path] ?? (() => response.writeHead(404).end(JSON.stringify({ error: `unknown ${request.url}` }))))();
}

function infer(server: ProtocolServer, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const { faults } = server;
  const fails = (faults.status !== undefined || faults.hangUp === true || faults.half === true) && server.failing();
  if (fails && faults.hangUp) {
    request.socket.destroy();
    return;
  }
  if (fails && faults.status !== undefined) {
    const location = faults.location ? { location: faults.location } : {};
    response
      .writeHead(faults.status, { 'content-type': 'application/json', ...location })
      .end(JSON.stringify({ error: echo(body) }));
    return;
  }
  const { header, tensors } = code((faults.edit ?? (same => same))(read(request, body)));
  const whole = Buffer.concat([header, ...tensors, Buffer.alloc(faults.leftover ?? 0)]);
  const reply = faults.text === undefined ? whole : Buffer.from(faults.text);
  const head = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': header.length,
    ...(faults.endless ? {} : { 'content-length': reply.length }),
    ...faults.headers
  };
  if (fails && faults.half) {
    response.writeHead(200, head).write(reply.subarray(0, reply.length / 2), () => request.socket.destroy());
    return;
  }
  response.writeHead(200, Object.fromEntries(Object.entries(head).filter(([, value]) => value !== '')));
  if (faults.endless) {
    const more = () => !response.destroyed && response.write(Buffer.alloc(1 << 16), () => setImmediate(more));
    more();
    return;
  }
  server.answered++;
  response.end(faults.headers?.['content-encoding'] === 'gzip' ? gzipSync(reply).subarray(0, reply.length) : reply);
}

/** Hold a request against the protocol to the last byte, and run the tail on it. */
function read({ method, url, headers }: IncomingMessage, body: Buffer): Reply {
  demand(method === 'POST' && /^\/v2\/models\/tail(\/versions\/1)?\/infer$/.test(url ?? ''), 'method and path');
  demand(headers['content-type'] === 'application/octet-stream', 'content type');
  demand(Number(headers['content-length']) === body.length, 'content length');
  const length = Number(headers['inference-header-content-length']);
  demand(Number.isInteger(length) && length > 0 && length <= body.length, 'length of the header');
  const header = JSON.parse(body.toString('utf8', 0, length));
  demand(Object.keys(header).join() === 'id,inputs,outputs', 'members of the header');
  demand(typeof header.id === 'string' && header.id !== '' && header.inputs.length === 1, 'id and inputs');
  const [input] = header.inputs;
  demand(Object.keys(input).sort().join() === 'datatype,name,parameters,shape', 'members of the input');
  const [batch, ...sides] = input.shape;
  demand(input.name === 'activation' && input.datatype === 'FP32' && sides.join() === '2,4,4' && batch >= 1, 'input');
  demand(Object.keys(input.parameters).join() === 'binary_data_size', 'parameters of the input');
  demand(input.parameters.binary_data_size === 4 * VALUES * batch && length + 4 * VALUES * batch === body.length, 'bytes');
  demand(
    header.outputs.every((each: object) => /^{"name":"\w+","parameters":{"binary_data":true}}$/.test(JSON.stringify(each))),
    'wanted outputs'
  );
  const wanted = header.outputs.map(({ name }: { name: string }) => name);
  const outputs = tail(body.subarray(length), batch).filter(({ name }) => wanted.includes(name));
  demand(outputs.length === wanted.length, 'names of the outputs');
  return { id: header.id, model: 'tail', version: '1', outputs };
}

function code({ id, model, version, outputs }: Reply): { header: Buffer; tensors: Uint8Array[] } {
  const header = {
    id,
    model_name: model,
    model_version: version,
    outputs: outputs.map(({ name, datatype, shape, data }) => ({
      name,
      datatype,
      shape,
      parameters: { binary_data_size: data.length }
    }))
  };
  return { header: Buffer.from(JSON.stringify(header)), tensors: outputs.map(({ data }) => data) };
}
