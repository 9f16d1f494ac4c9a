import { Type } from '@sinclair/typebox';
import type { DetectOutcome } from '../../pipeline/compute';
import {
  DetectionResult,
  encodeSafetensors,
  RunOptions,
  SAFETENSORS_MIME,
  PictureKind,
  VeilError,
  type WireTensor
} from '../../protocol';
import type { App, SidecarContext } from '../context';
import { summariseFailure, summariseRun } from '../history';
import { eitherAnswers } from './answers';
import { FrameQuery, withFrame } from './frame';

const KINDS = PictureKind.anyOf.map(kind => kind.const).join('|');

const DetectQuery = Type.Composite(
  [
    RunOptions,
    FrameQuery,
    Type.Object({
      image: Type.String({ maxLength: 512, default: 'frame', description: 'name of the source, for messages and results' }),
      pictures: Type.Optional(
        Type.String({
          pattern: `^(${KINDS})(,(${KINDS}))*$`,
          description: 'comma-separated; they travel in a safetensors answer'
        })
      ),
      activation: Type.Boolean({ default: false, description: 'add the activation that the tail saw to a safetensors answer' })
    })
  ],
  { additionalProperties: false }
);

export function detectRoutes(app: App, context: SidecarContext): void {
  const { compute, defaults, cancellation } = context;

  app.post(
    '/v1/detect',
    {
      schema: {
        querystring: DetectQuery,
        consumes: ['application/octet-stream', 'image/*'],
        response: eitherAnswers(DetectionResult, 'the result; as safetensors also its pictures and activation')
      }
    },
    async (request, reply) => {
      const { image, pictures: listed, activation, width, height, order, ...given } = request.query;
      const pictures = [...new Set((listed?.split(',') ?? []) as PictureKind[])];
      const asTensors = (request.headers.accept ?? '').includes(SAFETENSORS_MIME);
      if (!asTensors && (pictures.length > 0 || activation)) {
        throw new VeilError(
          'bad_request',
          'Pictures and activations do not fit into a JSON answer. Nothing was run.',
          `Ask with Accept: ${SAFETENSORS_MIME}.`
        );
      }
      const { alpha, device } = defaults.get();
      const options: RunOptions = { device, ...(given.mode === 'noisy' ? { alpha } : {}), ...given };
      const name = printable(image);
      const started = new Date();
      try {
        const outcome = await cancellation.during(reply, signal =>
          withFrame({ request, reply }, { width, height, order }, context, frame =>
            compute.detect({ image: name, frame, options, pictures, activation }, signal)
          )
        );
        succeed(context, outcome.result, started);
        return asTensors ? reply.type(SAFETENSORS_MIME).send(pack(outcome)) : outcome.result;
      } catch (thrown) {
        fail(context, thrown, name, options, started);
        throw thrown;
      }
    }
  );
}

function succeed({ history, events, metrics, log }: SidecarContext, result: DetectionResult, started: Date): void {
  const run = summariseRun(result, started);
  metrics.run(result.mode, result.device, 'ok', result.timings_ms);
  const { mode, alpha, faces, device } = run;
  log.info({ run: run.run, mode, alpha, faces, ms: Math.round(run.total_ms), device }, 'run');
  history.add(run);
  events.publish({ type: 'run', run });
}

function fail(
  { history, events, metrics }: SidecarContext,
  thrown: unknown,
  image: string,
  options: RunOptions,
  started: Date
): void {
  const run = summariseFailure(thrown, image, options, started);
  metrics.run(run.mode, run.device, VeilError.from(thrown).code);
  history.add(run);
  events.publish({ type: 'run', run });
}

/** Header json `{result, pictures}`; a U8 tensor `picture.<kind>` each, and `activation` when it was asked for. */
function pack({ result, pictures, activation }: DetectOutcome): Uint8Array {
  const tensors: Record<string, WireTensor> = {};
  const described: Record<string, { mime: string; width: number; height: number }> = {};
  for (const [kind, { data, ...about }] of Object.entries(pictures)) {
    tensors[`picture.${kind}`] = { data, shape: [data.length] };
    described[kind] = about;
  }
  if (activation) {
    tensors.activation = activation;
  }
  return encodeSafetensors(tensors, { result, pictures: described });
}

/** A name goes into logs, history and notebooks: one line, no control characters. */
function printable(name: string): string {
  return name.replace(/\p{C}/gu, '\ufffd');
}
