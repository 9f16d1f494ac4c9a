import type { App, SidecarContext } from '../context';

const HEARTBEAT_MS = 15_000;
/** A reader that lags further behind than this is disconnected; it asks for what it missed when it comes back. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/**
 * Server-sent events: each `data:` line is one SidecarEvent, comment lines keep the connection alive. Whoever was away, or
 * came late, sends `Last-Event-ID` and first hears the remembered events after that one; `0` asks for all of them.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export function eventRoutes(app: App, { events }: SidecarContext): void {
  app.get(
    '/v1/events',
    {
      schema: {
        produces: ['text/event-stream'],
        description: 'server-sent events; each data line is a SidecarEvent; header Last-Event-ID'
      }
    },
    (request, reply) => {
      const last = request.headers['last-event-id'];
      reply.hijack();
      const stream = reply.raw;
      stream.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' });
      const write = (text: string) => {
        if (stream.writableLength > MAX_BUFFERED_BYTES) {
          stream.destroy();
        } else {
          stream.write(text);
        }
      };
      write(': open\n\n');
      const heartbeat = setInterval(() => write(': alive\n\n'), HEARTBEAT_MS);
      const unsubscribe = events.subscribe(
        ({ id, event }) => {
          write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
          if (event.type === 'stopping') {
            stream.end();
          }
        },
        typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : undefined
      );
      stream.once('close', () => {
        clearInterval(heartbeat);
        unsubscribe();
      });
    }
  );
}
