import { Type, type Static } from '@sinclair/typebox';
import { ServerPart } from '../../protocol';
import { FAMILIES } from './families';
import { KeptRows } from './kept-rows';

const Interval = Type.Tuple([Type.Number(), Type.Number()], { description: '95 %, bootstrap over photographs' });
const Linear = Type.Object({ fit: Type.Number(), held_out: Type.Number() });

/** What a result is of: the same question gives the same row. */
export const Question = Type.Object({
  model: Type.Object({ name: Type.String(), head_sha256: Type.String(), tail_sha256: Type.String() }),
  images_sha256: Type.String(),
  labels_sha256: Type.String(),
  alpha: Type.Number(),
  seed: Type.Integer(),
  family: Type.Union(FAMILIES.map(family => Type.Literal(family))),
  steps: Type.Integer({ description: 'training of the adaptive decoder' })
});
export type Question = Static<typeof Question>;

/** One family of noise at one strength, one seed. R2 is the share of the images' variance that an attacker recovers. */
export const Row = Type.Object({
  schema: Type.Literal(1),
  program: Type.String({ description: 'hash of the code that made this row' }),
  question: Question,
  images: Type.Object({ fit: Type.Integer(), select: Type.Integer(), held_out: Type.Integer(), labelled: Type.Integer() }),
  clean: Type.Object({ linear: Linear, ap: Type.Number() }),
  cost: Type.Number({ description: 'sum over frequencies of tr(G S): what the noise costs the task to second order' }),
  linear: Linear,
  decoder: Type.Object({ r2: Type.Number(), interval: Interval, detail: Type.Number() }),
  sides: Type.Array(
    Type.Object({
      parts: Type.Array(ServerPart),
      ap: Type.Number(),
      retained: Type.Number(),
      interval: Interval,
      agreement: Type.Number()
    })
  ),
  seconds: Type.Number()
});
export type Row = Static<typeof Row>;

/** Rows of a comparison of noises: `KeptRows`. */
export const Rows = { open: (path: string | null): Promise<KeptRows<Row>> => KeptRows.open(path, Row) };
