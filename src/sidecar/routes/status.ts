import { Type } from '@sinclair/typebox';
import { Defaults, DeviceInfo, Hello, LogTail, SidecarStatus } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { readLog } from '../log';
import { answers } from './answers';

/** What runs here, how it is set, what it did; and the way to end it. */
export function statusRoutes(app: App, context: SidecarContext): void {
  const { compute, hello, defaults, history, events } = context;

  app.get('/v1/hello', { schema: { response: answers(Hello) } }, async () => hello);

  app.get('/v1/status', { schema: { response: answers(SidecarStatus) } }, async () => {
    const [devices, active, wished, model] = await Promise.all([
      compute.devices(),
      compute.resolveDevice('auto'),
      compute.resolveDevice(defaults.get().device),
      compute.describeModel()
    ]);
    return {
      hello,
      started: context.started.toISOString(),
      clients: context.connections(),
      devices,
      active_device: active.device,
      notices: [...new Set([...active.notices, ...wished.notices])],
      model,
      defaults: defaults.get(),
      runs: history.list(),
      learn: context.learning.current
    };
  });

  app.get('/v1/devices', { schema: { response: answers(Type.Array(DeviceInfo)) } }, async () => compute.devices());

  app.put('/v1/defaults', { schema: { body: Defaults, response: answers(Defaults) } }, async request => {
    const values = await defaults.set(request.body, compute);
    events.publish({ type: 'defaults', defaults: values });
    return values;
  });

  app.get(
    '/v1/log',
    {
      schema: {
        querystring: Type.Object(
          { lines: Type.Integer({ minimum: 1, maximum: 1000, default: 50 }) },
          { additionalProperties: false }
        ),
        response: answers(LogTail)
      }
    },
    async request => ({ lines: readLog(context.logPath, request.query.lines) })
  );

  app.post('/v1/stop', { schema: { response: { 202: Hello } } }, async (_request, reply) => {
    reply.code(202);
    reply.raw.once('close', () => context.stop('asked to stop'));
    reply.header('connection', 'close');
    return hello;
  });

  app.get('/metrics', { schema: { response: { 200: Type.String() } } }, async (_request, reply) => {
    reply.type(context.metrics.registry.contentType);
    return context.metrics.registry.metrics();
  });

  app.get('/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
