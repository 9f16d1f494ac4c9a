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
  events.subscribe = (listener, after) => {
    subscribed += 1;
    const end = subscribe(listener, after);
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

it('who was away hears what happened meanwhile, and nothing twice', async () => {
  const events = new EventBus();
  const app: App = fastify();
  eventRoutes(app, { events } as SidecarContext);
  const socket = join(newStateDir(), 's');
  await app.listen({ path: socket });
  const alphas = async (header: string, last: number) => {
    let text = '';
    const client = connect(socket).on('data', (chunk: Buffer) => (text += chunk.toString()));
    client.write(`GET /v1/events HTTP/1.1\r\nHost: x\r\n${header}\r\n`);
    await until(() => text.includes(': open'));
    set(last);
    await until(() => text.includes(`"alpha":${last},`));
    client.destroy();
    return [...text.matchAll(/id: (\d+)\ndata: .*"alpha":(\d+)/g)].map(([, id, alpha]) => `${id}:${alpha}`);
  };
  const set = (alpha: number) => events.publish({ type: 'defaults', defaults: { alpha, device: 'cpu' } });
  [1, 2, 3].forEach(set);

  expect(await alphas('', 4)).toEqual(['4:4']);
  expect(await alphas('Last-Event-ID: 2\r\n', 5)).toEqual(['3:3', '4:4', '5:5']);
  expect(await alphas('Last-Event-ID: x\r\n', 6)).toEqual(['6:6']);
  for (let n = 0; n < 300; n++) {
    set(7);
  }
  expect(await alphas('Last-Event-ID: 0\r\n', 8)).toHaveLength(257);
  await app.close();
  removeStateDirs();
});
