import type { SidecarEvent } from '../../protocol';
import type { App, SidecarContext } from '../context';

const HEARTBEAT_MS = 15_000;
/** A reader that lags further behind than this is disconnected; it asks for the status when it comes back. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/** Server-sent events: each `data:` line is one SidecarEvent, comment lines keep the connection alive. */
export function eventRoutes(app: App, { events }: SidecarContext): void {
  app.get(
    '/v1/events',
    { schema: { produces: ['text/event-stream'], description: 'server-sent events; each data line is a SidecarEvent' } },
    (_request, reply) => {
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
      const unsubscribe = events.subscribe((event: SidecarEvent) => {
        write(`data: ${JSON.stringify(event)}\n\n`);
        if (event.type === 'stopping') {
          stream.end();
        }
      });
      stream.once('close', () => {
        clearInterval(heartbeat);
        unsubscribe();
      });
    }
  );
}
