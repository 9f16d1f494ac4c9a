import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { removeStateDirs, startInProcess, until, type InProcess } from '../../test/sidecar/harness';
import { decodeSafetensors, encodeSafetensors, SAFETENSORS_MIME, type DetectionResult, type SidecarStatus } from '../protocol';
import { callSidecar, getJson, type Call } from './client';
import { statePaths } from './state-dir';

const PIXELS = { 'Content-Type': 'application/octet-stream' };
let running: InProcess;

beforeEach(async () => {
  running = await startInProcess();
});

afterEach(async () => {
  running.sidecar.stop('test over');
  await running.sidecar.stopped;
  removeStateDirs();
});

function post(path: string, body?: Uint8Array, headers: Record<string, string> = PIXELS): Promise<Buffer> {
  return callSidecar(running.connection, { method: 'POST', path, body, headers });
}

/** Bytes as they go over the socket; resolves with everything that came back once the sidecar closes, or after `ms`. */
function raw(text: string, ms = 2000): Promise<string> {
  return new Promise(settle => {
    let answer = '';
    const socket = connect(running.connection.socket, () => socket.write(text));
    socket.on('data', chunk => (answer += chunk.toString()));
    socket.once('close', () => settle(answer));
    setTimeout(() => socket.destroy(), ms).unref();
  });
}

interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

describe('the token', () => {
  it('is asked for on every route that the OpenAPI document lists, and on those that do not exist', async () => {
    const { paths } = await getJson<OpenApi>(running.connection, '/v1/openapi.json');
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => ({ method: method.toUpperCase() as Call['method'], path }))
    );
    expect(calls.length).toBeGreaterThanOrEqual(13);
    for (const token of ['', `${running.connection.token}0`]) {
      for (const call of [...calls, { method: 'GET' as const, path: '/nothing' }]) {
        await expect(callSidecar({ ...running.connection, token }, call)).rejects.toMatchObject({ code: 'unauthorized' });
      }
    }
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1, describes every route of the architecture, and each has its errors', async () => {
    const document = await getJson<OpenApi>(running.connection, '/v1/openapi.json');
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual(
      [
        '/metrics',
        '/v1/audit',
        '/v1/defaults',
        '/v1/detect',
        '/v1/devices',
        '/v1/evaluate',
        '/v1/events',
        '/v1/forward/head',
        '/v1/forward/noise',
        '/v1/forward/tail',
        '/v1/hello',
        '/v1/jobs',
        '/v1/jobs/{name}',
        '/v1/jobs/{name}/logs',
        '/v1/learn',
        '/v1/ledger',
        '/v1/ledger/receipt',
        '/v1/log',
        '/v1/postprocess',
        '/v1/reconstruct',
        '/v1/servers',
        '/v1/servers/inspect',
        '/v1/status',
        '/v1/stop',
        '/v1/workspace',
        '/v1/workspace/clone',
        '/v1/workspace/holding',
        '/v1/workspace/operations/{id}',
        '/v1/workspace/restore',
        '/v1/workspace/restore-files',
        '/v1/workspace/retain',
        '/v1/workspace/snapshots',
        '/v1/workspace/snapshots/{id}',
        '/v1/workspace/snapshots/{id}/files',
        '/v1/workspace/snapshots/{id}/pin',
        '/v1/workspace/undo',
        '/v1/workspaces',
        '/v1/workspaces/clone',
        '/v1/workspaces/delete'
      ].sort()
    );
    expect(document.paths['/v1/detect'].post.responses).toEqual(
      expect.objectContaining({ 200: expect.anything(), '4XX': expect.anything(), '5XX': expect.anything() })
    );
    expect(JSON.stringify(document)).not.toContain('"$ref":"undefined');
  });
});

describe('a detect request', () => {
  it('hands pixels on as they are, with typed options and the defaults filled in', async () => {
    const frame = Uint8Array.from({ length: 24 }, (_, n) => n);
    const answer = await post('/v1/detect?mode=noisy&width=4&height=2&order=bgr&threshold=0.3&image=a%0Ab', frame);
    const result = JSON.parse(answer.toString()) as DetectionResult;
    expect(result).toMatchObject({ image: 'a\ufffdb', mode: 'noisy', alpha: 0.2, width: 4, height: 2, threshold: 0.3 });
    const [request] = running.compute.requests;
    expect(request.frame).toMatchObject({ kind: 'pixels', width: 4, height: 2, order: 'bgr' });
    expect(request.frame.kind === 'pixels' && Array.from(request.frame.data)).toEqual(Array.from(frame));
    expect(request.options).toEqual({ mode: 'noisy', alpha: 0.2, device: 'auto', threshold: 0.3 });
  });

  it('gives a clean run no ALPHA', async () => {
    await post('/v1/detect?mode=clean&width=1&height=1', new Uint8Array(3));
    expect(running.compute.requests[0].options).toEqual({ mode: 'clean', device: 'auto' });
  });

  it('hands a coded image on without looking into it', async () => {
    await post('/v1/detect?mode=clean', Uint8Array.of(1, 2, 3), { 'Content-Type': 'image/jpeg' });
    expect(running.compute.requests[0].frame).toMatchObject({ kind: 'coded', data: expect.objectContaining({ length: 3 }) });
  });

  it('is answered with pictures and activation as safetensors when asked', async () => {
    const answer = await post(
      '/v1/detect?mode=clean&width=1&height=1&pictures=annotated,frame&activation=true',
      new Uint8Array(3),
      {
        ...PIXELS,
        Accept: SAFETENSORS_MIME
      }
    );
    const { tensors, json } = decodeSafetensors(answer);
    expect(Object.keys(tensors).sort()).toEqual(['activation', 'picture.annotated', 'picture.frame']);
    expect(json).toMatchObject({
      result: { mode: 'clean' },
      pictures: { annotated: { mime: 'image/jpeg', width: 1, height: 1 } }
    });
  });

  it.each([
    ['mode=nosy&width=1&height=1', 'query: mode must be one of clean, noisy.'],
    ['width=1&height=1', 'query: mode is missing.'],
    ['mode=clean&width=1&height=1&treshold=0.5', 'query: treshold is not known here.'],
    ['mode=clean&width=1&height=1&threshold=high', 'query: threshold must be number.'],
    ['mode=clean&width=1&height=1&device=gpu', 'query: device must be auto, cpu, webgpu or cuda:N.'],
    ['mode=clean&width=2&height=1', 'A frame of 2 x 1 has 6 bytes, the body has 3.'],
    ['mode=clean', 'Raw pixels came without width and height.'],
    ['mode=clean&width=1&height=1&pictures=frame', 'Pictures and activations do not fit into a JSON answer.'],
    ['mode=clean&width=1&height=1&pictures=selfie', 'query: pictures must be']
  ])('is refused for %s with one readable line', async (query, message) => {
    await expect(post(`/v1/detect?${query}`, new Uint8Array(3))).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(message)
    });
    expect(running.compute.requests).toEqual([]);
  });

  it('is refused without a body, and with a body of another kind', async () => {
    const query = 'mode=clean&width=1&height=1';
    await expect(post(`/v1/detect?${query}`)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(post(`/v1/detect?${query}`, new Uint8Array(3), { 'Content-Type': 'text/plain' })).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('Content-Type')
    });
    await expect(post(`/v1/detect?${query}`, new Uint8Array(3), { 'Content-Type': SAFETENSORS_MIME })).rejects.toMatchObject({
      code: 'bad_request'
    });
  });

  it('appears in the status, newest first, and failures with their line', async () => {
    await post('/v1/detect?mode=clean&width=1&height=1&image=first', new Uint8Array(3));
    await post('/v1/detect?mode=noisy&alpha=0.5&width=2&height=1&image=second', new Uint8Array(3)).catch(() => null);
    const { runs } = await getJson<SidecarStatus>(running.connection, '/v1/status');
    expect(runs).toMatchObject([
      { image: 'second', mode: 'noisy', alpha: 0.5, faces: null, error: expect.stringContaining('has 6 bytes') },
      { image: 'first', mode: 'clean', alpha: null, faces: 1, error: null }
    ]);
  });
});

describe('a body', () => {
  it('that is too large is refused by its announced length, before it was sent', async () => {
    const answer = await raw(
      `POST /v1/detect?mode=clean&width=60000&height=60000 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${running.connection.token}\r\n` +
        'Content-Type: application/octet-stream\r\nContent-Length: 10800000000\r\n\r\n'
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*"code":"image_too_large"/s);
  });

  it('beside a frame in shared memory is one byte and no more', async () => {
    const headers = { ...PIXELS, 'Veilbook-Frame': '/proc/1/fd/99999' };
    const query = '/v1/detect?mode=clean&width=1&height=1';
    await expect(post(query, new Uint8Array(3), headers)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(post(query, new Uint8Array(1), headers)).rejects.toMatchObject({ code: 'not_found' });
    expect(running.compute.requests).toEqual([]);
  });

  it('that never arrives in full is not run', async () => {
    const socket = connect(running.connection.socket);
    socket.write(
      `POST /v1/detect?mode=clean&width=1&height=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${running.connection.token}\r\n` +
        'Content-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\nab'
    );
    await until(async () => (await getJson<SidecarStatus>(running.connection, '/v1/status')).clients === 2);
    socket.destroy();
    await until(async () => (await getJson<SidecarStatus>(running.connection, '/v1/status')).clients === 1);
    expect(running.compute.requests).toEqual([]);
  });

  it('or a header that is not HTTP or far too long gets one line and leaves the sidecar well', async () => {
    expect(await raw('what is this\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"code":"bad_request"/s);
    expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 .*"code":"bad_request"/s);
    expect(await getJson(running.connection, '/v1/hello')).toEqual(running.sidecar.hello);
  });
});

describe('the forward routes', () => {
  const tensor = { data: Float32Array.from([1, 2, 3, 4]), shape: [1, 1, 2, 2] };
  const tensors = { 'Content-Type': SAFETENSORS_MIME };

  it('carry tensors there and back, and say what the noise was', async () => {
    const noisy = decodeSafetensors(
      await post('/v1/forward/noise?alpha=0.4', encodeSafetensors({ activation: tensor }), tensors)
    );
    expect(noisy.json).toMatchObject({ alpha: 0.4, private: true, notices: [], artefact: { calibrated: false } });
    const heads = decodeSafetensors(await post('/v1/forward/tail', encodeSafetensors({ activation: tensor }), tensors));
    expect(Array.from(heads.tensors.loc.data)).toEqual([1, 2, 3, 4]);
    const boxes = await post(
      '/v1/postprocess?width=4&height=4&threshold=0.5',
      encodeSafetensors({ loc: tensor, conf: tensor }),
      tensors
    );
    expect(JSON.parse(boxes.toString())).toEqual({ detections: [{ x1: 1, y1: 2, x2: 3, y2: 4, score: 0.9 }] });
  });

  it('refuse a body without the tensor they need', async () => {
    await expect(post('/v1/forward/tail', encodeSafetensors({ other: tensor }), tensors)).rejects.toMatchObject({
      code: 'bad_tensor',
      message: expect.stringContaining('no tensor activation')
    });
    await expect(post('/v1/forward/tail', Uint8Array.of(1, 2), tensors)).rejects.toMatchObject({ code: 'bad_tensor' });
  });
});

describe('events', () => {
  it('reach a listener while it listens', async () => {
    const lines: string[] = [];
    const { socket, token } = running.connection;
    const listening = httpRequest({ socketPath: socket, path: '/v1/events', headers: { Authorization: `Bearer ${token}` } });
    listening.on('response', response => response.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n'))));
    listening.end();
    await until(() => lines.length > 0);
    await post('/v1/detect?mode=clean&width=1&height=1&image=seen', new Uint8Array(3));
    await callSidecar(running.connection, {
      method: 'PUT',
      path: '/v1/defaults',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from('{"alpha":0.4,"device":"cpu"}')
    });
    running.sidecar.stop('test');
    await until(() => lines.some(line => line.includes('stopping')));
    const events = lines.filter(line => line.startsWith('data: ')).map(line => JSON.parse(line.slice(6)));
    expect(events).toMatchObject([
      { type: 'run', run: { image: 'seen' } },
      { type: 'defaults', defaults: { alpha: 0.4 } },
      { type: 'stopping' }
    ]);
  });
});

describe('metrics and log', () => {
  it('count requests by route and stages by name', async () => {
    await post('/v1/detect?mode=clean&width=1&height=1&image=private-name.jpg', new Uint8Array(3));
    const text = (await callSidecar(running.connection, { method: 'GET', path: '/metrics' })).toString();
    expect(text).toContain('veilbook_requests_total{method="POST",route="/v1/detect",status="200"} 1');
    expect(text).toContain('veilbook_stage_seconds_count{stage="head"} 1');
    expect(text).toContain('veilbook_runs_total{mode="clean",device="cpu",outcome="ok"} 1');
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain('private-name');
  });

  it('hold neither the token nor what was sent', async () => {
    await post('/v1/detect?mode=clean&width=2&height=2', Buffer.from('SECRETPIXELS'));
    await post('/v1/detect?mode=clean&width=9&height=9', Buffer.from('SECRETPIXELS')).catch(() => null);
    const log = readFileSync(statePaths(running.stateDir).log, 'utf8');
    expect(log).toContain('"msg":"run"');
    expect(log).not.toContain('SECRET');
    expect(log).not.toContain(Buffer.from('SECRETPIXELS').toString('base64'));
    expect(log).not.toContain(running.connection.token);
  });
});
