import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { mismatch } from './failures';
import { shapesAgree, type Port } from './tensors';

const PortSchema = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer({ minimum: -1 }))
});

/** What a server says of a model. */
export const ModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Optional(Type.Array(Type.String())),
  platform: Type.String(),
  inputs: Type.Array(PortSchema),
  outputs: Type.Array(PortSchema)
});
export type ModelMetadata = Static<typeof ModelMetadata>;

/** What is read of a model's configuration in Triton. */
export const ModelSettings = Type.Object({
  /** 0 where requests are not put together into batches. */
  max_batch_size: Type.Integer({ minimum: 0, default: 0 }),
  parameters: Type.Record(Type.String(), Type.Object({ string_value: Type.String() }), { default: {} })
});
export type ModelSettings = Static<typeof ModelSettings>;

const Duration = Type.Object({ count: Type.Integer(), ns: Type.Integer() }, { default: { count: 0, ns: 0 } });
const Steps = { compute_input: Duration, compute_infer: Duration, compute_output: Duration };

/** Triton's statistics of a model, as its clients print them; durations in nanoseconds, summed since the server's start. */
export const ModelStatistics = Type.Object({
  model_stats: Type.Array(
    Type.Object({
      name: Type.String(),
      version: Type.String(),
      /** Milliseconds since 1970. */
      last_inference: Type.Integer({ default: 0 }),
      inference_count: Type.Integer({ default: 0 }),
      execution_count: Type.Integer({ default: 0 }),
      inference_stats: Type.Object({ success: Duration, fail: Duration, queue: Duration, ...Steps }),
      batch_stats: Type.Array(Type.Object({ batch_size: Type.Integer(), ...Steps }), { default: [] })
    })
  )
});
export type ModelStatistics = Static<typeof ModelStatistics>;

/** A document of a server's, held against its schema; members that the schema does not name are dropped. */
export function readDocument<T extends TSchema>(server: string, schema: T, document: unknown, what: string): Static<T> {
  const value = Value.Clean(schema, Value.Default(schema, document));
  if (!Value.Check(schema, value)) {
    throw mismatch(server, `describes ${what} in another way than KServe v2`, 'See which server listens there.');
  }
  return value;
}

/** What a caller relies on. Shapes are whole, with the batch axis; -1 agrees with any size. */
export interface Expectation {
  inputs: readonly Port[];
  outputs: readonly Port[];
  /** Of the model's configuration, such as the hash of the graph that the server loaded. */
  parameters?: Readonly<Record<string, string>>;
}

/**
 * Hold what a server says of its model against what is expected of it: the same inputs, and every expected output. A server
 * that batches has -1 for the batch axis, which agrees with any.
 * @throws ServerFailure `server_mismatch` naming the port.
 */
export function compareMetadata(server: string, metadata: ModelMetadata, expected: Expectation): void {
  const remedy = 'Export the model for the server again, or name the model that belongs to this one.';
  const ports = { input: [metadata.inputs, expected.inputs], output: [metadata.outputs, expected.outputs] } as const;
  for (const [kind, [found, wanted]] of Object.entries(ports)) {
    for (const port of wanted) {
      const other = found.find(each => each.name === port.name);
      if (!other) {
        const names = found.map(each => quoted(each.name)).join(', ') || 'none';
        throw mismatch(server, `has no ${kind} "${port.name}" for its model, but ${names}`, remedy);
      }
      if (other.datatype !== port.datatype) {
        const types = `${quoted(other.datatype)} instead of ${port.datatype}`;
        throw mismatch(server, `takes ${kind} "${port.name}" of its model as ${types}`, remedy);
      }
      if (!shapesAgree(other.shape, port.shape)) {
        const shapes = `[${other.shape}] instead of [${port.shape}]`;
        throw mismatch(server, `has ${kind} "${port.name}" of its model in shape ${shapes}`, remedy);
      }
    }
  }
  const further = metadata.inputs.find(port => !expected.inputs.some(each => each.name === port.name));
  if (further) {
    throw mismatch(server, `wants a further input ${quoted(further.name)} for its model`, remedy);
  }
}

/** @throws ServerFailure `server_mismatch` naming the parameter. */
export function compareParameters(server: string, settings: ModelSettings, expected: Expectation): void {
  for (const [name, value] of Object.entries(expected.parameters ?? {})) {
    if (settings.parameters[name]?.string_value !== value) {
      const what = `has another value for parameter "${name}" of its model, or none`;
      throw mismatch(server, what, 'Export the model for the server again: it serves one that was made of other files.');
    }
  }
}

/** A name of the server's, for a message: only where it is a plain short name, so that nothing else can pass as one. */
function quoted(name: string): string {
  return /^[A-Za-z0-9_.:/-]{1,64}$/.test(name) ? `"${name}"` : 'a name that is not plain';
}
