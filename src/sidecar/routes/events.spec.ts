import fastify from 'fastify';
import { connect } from 'node:net';
import { join } from 'node:path';
import { newStateDir, removeStateDirs, until } from '../../../test/sidecar/harness';
import type { App, SidecarContext } from '../context';
import { EventBus } from '../events';
import { eventRoutes } from './events';

it('a reader that stops reading is disconnected, and the others are not', async () => {
  const events = new EventBus();
  const app: App = fastify();
  eventRoutes(app, { events } as SidecarContext);
  const socket = join(newStateDir(), 's');
  await app.listen({ path: socket });
  const listen = () => {
    const client = connect(socket);
    client.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    return client;
  };
  let read = 0;
  const attentive = listen().on('data', (chunk: Buffer) => (read += chunk.length));
  const lagging = listen().on('error', () => null);
  let subscribed = 0;
  const subscribe = events.subscribe.bind(events);
  events.subscribe = listener => {
    subscribed += 1;
    const end = subscribe(listener);
    return () => {
      subscribed -= 1;
      end();
    };
  };
  await until(() => subscribed === 2);

  const event = { type: 'defaults', defaults: { alpha: 0.2, device: 'x'.repeat(10_000) } } as const;
  for (let n = 0; n < 200; n++) {
    events.publish(event);
    const sent = read;
    await until(() => read > sent);
  }
  await until(() => subscribed === 1);
  expect(read).toBeGreaterThan(200 * 10_000);
  attentive.destroy();
  lagging.destroy();
  await until(() => subscribed === 0);
  await app.close();
  removeStateDirs();
});
