import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import {
  Attacker,
  decodeSafetensors,
  Detection,
  DeviceChoice,
  encodeSafetensors,
  RunOptions,
  SAFETENSORS_MIME,
  VeilError,
  type WireTensor
} from '../../protocol';
import { binaryBody } from '../bodies';
import type { App, SidecarContext } from '../context';
import { answers, tensorAnswers } from './answers';
import { FrameQuery, withFrame } from './frame';

const ModelName = Type.Optional(Type.String({ maxLength: 4096 }));
const ForwardQuery = Type.Object({ model: ModelName, device: Type.Optional(DeviceChoice) });
const strict = { additionalProperties: false };
const consumes = [SAFETENSORS_MIME];

/** The detector's parts, one by one, on tensors. */
export function forwardRoutes(app: App, context: SidecarContext): void {
  const { compute, defaults, cancellation } = context;

  app.post(
    '/v1/forward/head',
    {
      schema: {
        querystring: Type.Composite([ForwardQuery, FrameQuery], strict),
        consumes: ['application/octet-stream', 'image/*'],
        response: tensorAnswers('activation [1,C,H,W] F32')
      }
    },
    async (request, reply) => {
      const { width, height, order, ...given } = request.query;
      const options = { device: defaults.get().device, ...given };
      const activation = await cancellation.during(reply, signal =>
        withFrame({ request, reply }, { width, height, order }, context, frame => compute.forwardHead(frame, options, signal))
      );
      return reply.type(SAFETENSORS_MIME).send(encodeSafetensors({ activation }));
    }
  );

  app.post(
    '/v1/forward/noise',
    {
      schema: {
        querystring: Type.Object(
          { model: ModelName, alpha: Type.Optional(Type.Number()), insecure_seed: Type.Optional(Type.Integer({ minimum: 0 })) },
          strict
        ),
        consumes,
        response: tensorAnswers('activation [1,C,H,W] F32; header json {alpha, artefact, notices, private, looks}')
      }
    },
    async (request, reply) => {
      const { activation } = tensorsOf(request, 'activation');
      const options = { alpha: defaults.get().alpha, ...request.query };
      const { activation: obfuscated, ...about } = await cancellation.during(reply, signal =>
        compute.forwardNoise(activation, options, signal)
      );
      return reply.type(SAFETENSORS_MIME).send(encodeSafetensors({ activation: obfuscated }, { alpha: options.alpha, ...about }));
    }
  );

  app.post(
    '/v1/forward/tail',
    {
      schema: {
        querystring: Type.Composite(
          [ForwardQuery, Type.Object({ alpha: Type.Optional(Type.Number()) }), Type.Pick(RunOptions, ['tail', 'snapshot'])],
          strict
        ),
        consumes,
        response: tensorAnswers(
          'loc [1,P,4] F32, conf [1,P,2] F32; of a classifier scores [1,K] F32; header json {sent, notices} from a tail elsewhere'
        )
      }
    },
    async (request, reply) => {
      const { activation } = tensorsOf(request, 'activation');
      const { tail, alpha, snapshot, ...rest } = request.query;
      if (tail !== undefined) {
        const { answer, ...about } = await cancellation.during(reply, signal =>
          compute.forwardElsewhere(activation, { tail, alpha, snapshot }, signal)
        );
        return reply.type(SAFETENSORS_MIME).send(encodeSafetensors(answer ?? {}, about));
      }
      const options = { device: defaults.get().device, alpha, ...rest };
      const answer = await cancellation.during(reply, signal => compute.forwardTail(activation, options, signal));
      return reply.type(SAFETENSORS_MIME).send(encodeSafetensors(answer));
    }
  );

  app.post(
    '/v1/reconstruct',
    {
      schema: {
        querystring: Type.Composite(
          [ForwardQuery, Type.Object({ attacker: Attacker, alpha: Type.Optional(Type.Number()) })],
          strict
        ),
        consumes,
        response: tensorAnswers('picture [H,W,3] U8, RGB')
      }
    },
    async (request, reply) => {
      const { activation } = tensorsOf(request, 'activation');
      const options = { device: defaults.get().device, ...request.query };
      const picture = await cancellation.during(reply, signal => compute.reconstruct(activation, options, signal));
      return reply.type(SAFETENSORS_MIME).send(encodeSafetensors({ picture }));
    }
  );

  const side = Type.Integer({ minimum: 1, maximum: 65535 });
  app.post(
    '/v1/postprocess',
    {
      schema: {
        querystring: Type.Object(
          { model: ModelName, width: side, height: side, threshold: Type.Number({ minimum: 0, maximum: 1 }) },
          strict
        ),
        consumes,
        response: answers(Type.Object({ detections: Type.Array(Detection) }))
      }
    },
    async (request, reply) => {
      const { loc, conf } = tensorsOf(request, 'loc', 'conf');
      return { detections: await cancellation.during(reply, () => compute.postprocess({ loc, conf }, request.query)) };
    }
  );
}

/** The named tensors of a safetensors body. */
function tensorsOf<Name extends string>(request: FastifyRequest, ...names: Name[]): Record<Name, WireTensor> {
  const type = request.headers['content-type'] ?? '';
  if (request.body !== undefined && !type.startsWith(SAFETENSORS_MIME)) {
    throw new VeilError('bad_request', `Tensors cannot be ${type}. Nothing was run.`, `Send ${SAFETENSORS_MIME}.`);
  }
  const { tensors } = decodeSafetensors(binaryBody(request, 'tensor'));
  const missing = names.filter(name => !(name in tensors));
  if (missing.length > 0) {
    throw new VeilError(
      'bad_tensor',
      `The body has no tensor ${missing.join(', ')}. Nothing was run.`,
      'Name the tensors as the route does.'
    );
  }
  return tensors as Record<Name, WireTensor>;
}
