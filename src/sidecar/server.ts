import swagger from '@fastify/swagger';
import fastify from 'fastify';
import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { FAILURES, VeilError } from '../protocol';
import { acceptBodies } from './bodies';
import type { App, SidecarContext } from './context';
import { statusOf, toVeilError } from './failures';
import { detectRoutes } from './routes/detect';
import { eventRoutes } from './routes/events';
import { forwardRoutes } from './routes/forward';
import { auditRoutes } from './routes/audit';
import { evaluateRoutes } from './routes/evaluate';
import { jobRoutes } from './routes/jobs';
import { learnRoutes } from './routes/learn';
import { ledgerRoutes } from './routes/ledger';
import { serverRoutes } from './routes/servers';
import { statusRoutes } from './routes/status';
import { workspaceRoutes } from './routes/workspace';
import { acceptSharedFrames } from './shared-frame';

const MAX_CONNECTIONS = 512;

/** The HTTP interface over any Compute; `context` is everything it reads or changes. */
export async function createServer(context: SidecarContext): Promise<App> {
  const app: App = fastify({
    bodyLimit: 64 * 1024,
    requestTimeout: 60_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 },
    forceCloseConnections: 'idle',
    ajv: { customOptions: { removeAdditional: false, verbose: true } },
    clientErrorHandler: answerBrokenRequest
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  // A kernel keeps its connection open between cells: that is what holds the idle lease.
  app.server.keepAliveTimeout = 0;
  app.removeContentTypeParser('text/plain');
  authorise(app, context.token);
  acceptBodies(app, context.budget, context.frames);
  acceptSharedFrames(app);
  report(app, context);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Veilbook sidecar', version: context.hello.version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }]
    }
  });
  for (const routes of [
    statusRoutes,
    detectRoutes,
    forwardRoutes,
    learnRoutes,
    auditRoutes,
    evaluateRoutes,
    workspaceRoutes,
    jobRoutes,
    serverRoutes,
    ledgerRoutes,
    eventRoutes
  ]) {
    await app.register(async scope => routes(scope, context));
  }
  await app.ready();
  return app;
}

/** Every request, also one for a route that does not exist, needs the token. */
function authorise(app: App, token: string): void {
  const expected = Buffer.from(`Bearer ${token}`);
  app.addHook('onRequest', async request => {
    const given = Buffer.from(request.headers.authorization ?? '');
    // The length of the token is no secret; its digits are.
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new VeilError('unauthorized', "The request does not carry this sidecar's token.", 'Read it again from sidecar.json.');
    }
  });
}

function report(app: App, { log, metrics }: SidecarContext): void {
  app.setNotFoundHandler(async () => {
    throw new VeilError('not_found', 'There is no such route.', 'GET /v1/openapi.json lists them.');
  });
  app.setErrorHandler((thrown, request, reply) => {
    const error = toVeilError(thrown);
    const route = request.routeOptions.url ?? 'unknown';
    if (error.code === 'internal') {
      log.error({ route, error: thrown instanceof Error ? thrown.stack : String(thrown) }, 'fault');
    } else {
      log.warn({ method: request.method, route, code: error.code, why: error.message }, 'refused');
    }
    reply.code(statusOf(error)).send(error.toBody());
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    log.debug({ method: request.method, route, status: reply.statusCode, ms: Number(reply.elapsedTime.toFixed(1)) }, 'answered');
  });
}

/** A request that is not HTTP, too slow, or whose headers are too large never reaches a route. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const why = new VeilError('bad_request', `The request could not be read (${error.code ?? error.message}).`, 'Send HTTP/1.1.');
  const body = JSON.stringify(why.toBody());
  socket.end(
    `HTTP/1.1 ${FAILURES.bad_request.status} Bad Request\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
