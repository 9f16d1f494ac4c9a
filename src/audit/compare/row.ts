import { Type, type Static } from '@sinclair/typebox';
import { METHOD_NAMES } from './methods';

const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %, bootstrap over photographs' });
const Leak = Type.Object({
  r2: Type.Number(),
  ci: Interval,
  detail: Type.Number(),
  faces: Type.Union([Type.Number(), Type.Null()])
});

/** What a result is of: the same question gives the same row. */
export const MethodQuestion = Type.Object({
  model: Type.Object({ name: Type.String(), head_sha256: Type.String(), tail_sha256: Type.String() }),
  artefact_sha256: Type.String(),
  images_sha256: Type.String(),
  labels_sha256: Type.Union([Type.String(), Type.Null()]),
  method: Type.Union(METHOD_NAMES.map(name => Type.Literal(name))),
  target: Type.Number({ description: 'share of the accuracy without any method that is to be kept' }),
  steps: Type.Integer({ description: 'training of the adaptive decoder' }),
  seed: Type.Integer()
});
export type MethodQuestion = Static<typeof MethodQuestion>;

/** One method at the most strength at which the target is kept. R2 is the share of variance that an attack recovers. */
export const MethodRow = Type.Object({
  schema: Type.Literal(1),
  question: MethodQuestion,
  images: Type.Object({ train: Type.Integer(), attacked: Type.Integer(), judged: Type.Integer() }),
  clean: Type.Object({
    accuracy: Type.Number({ description: 'average precision with labels; 1 where agreement is what is kept' }),
    linear_r2: Type.Number()
  }),
  measured: Type.Union(
    [
      Type.Object({
        strength: Type.Number(),
        unit: Type.String(),
        retained: Type.Number(),
        /** Whether a stronger setting exists within the range searched. */
        bounded: Type.Boolean({
          description: 'the search ended at the strongest setting there is: more would be kept than asked'
        }),
        a1: Leak,
        a2: Leak,
        as_sent: Type.Union([Leak, Type.Null()]),
        strongest: Type.Object({ name: Type.String(), r2: Type.Number(), ci: Interval }),
        reid: Type.Object({ top1: Type.Number(), among: Type.Integer() })
      }),
      Type.Null()
    ],
    { description: 'null: even at its weakest it keeps less than the target' }
  ),
  seconds: Type.Number()
});
export type MethodRow = Static<typeof MethodRow>;
