import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { TailAddress } from './address';
import { mismatch } from './failures';
import { ModelInferRequestSchema, ModelInferResponseSchema, type ModelStatisticsResponse } from './generated/inference_pb';
import { ownBytes } from './tensors';
import type { Answer, Question } from './wire';

/** Field `raw_input_contents` of ModelInferRequest. */
const RAW_INPUT = 7;

/**
 * A request as the parts of one message. The tensors are its last fields and are not copied: the parts of a message may be
 * written one after the other.
 */
export function writeInferRequest({ id, inputs, wanted }: Question, { model, version }: TailAddress): Uint8Array[] {
  const head = create(ModelInferRequestSchema, {
    modelName: model,
    modelVersion: version ?? '',
    id,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
    outputs: wanted.map(name => ({ name }))
  });
  return [
    toBinary(ModelInferRequestSchema, head),
    ...inputs.flatMap(({ data }) => [
      new BinaryWriter().tag(RAW_INPUT, WireType.LengthDelimited).uint32(data.length).finish(),
      data
    ])
  ];
}

/** @throws ServerFailure `server_mismatch` */
export function readInferResponse(server: string, message: Uint8Array): Omit<Answer, 'sha256'> {
  const { id, modelName, modelVersion, outputs, rawOutputContents } = readMessage(server, ModelInferResponseSchema, message);
  if (rawOutputContents.length !== outputs.length) {
    throw mismatch(server, 'answered with other than one raw tensor for each output');
  }
  return {
    id,
    model: modelName,
    version: modelVersion,
    outputs: outputs.map(({ name, datatype, shape }, k) => ({
      name,
      datatype,
      shape: shape.map(Number),
      data: ownBytes(rawOutputContents[k])
    }))
  };
}

/** @throws ServerFailure `server_mismatch` */
export function readMessage<T extends DescMessage>(server: string, schema: T, message: Uint8Array): MessageShape<T> {
  try {
    return fromBinary(schema, message);
  } catch {
    throw mismatch(server, 'answered with a message that cannot be read');
  }
}

/** Statistics as HTTP gives them: the same names, and numbers (exact below 2^53). */
export function statisticsDocument({ modelStats }: ModelStatisticsResponse): unknown {
  const duration = (value?: { count: bigint; ns: bigint }) => ({ count: Number(value?.count ?? 0), ns: Number(value?.ns ?? 0) });
  type Steps = Record<'computeInput' | 'computeInfer' | 'computeOutput', { count: bigint; ns: bigint } | undefined>;
  const steps = (value?: Partial<Steps>) => ({
    compute_input: duration(value?.computeInput),
    compute_infer: duration(value?.computeInfer),
    compute_output: duration(value?.computeOutput)
  });
  return {
    model_stats: modelStats.map(each => ({
      name: each.name,
      version: each.version,
      last_inference: Number(each.lastInference),
      inference_count: Number(each.inferenceCount),
      execution_count: Number(each.executionCount),
      inference_stats: {
        success: duration(each.inferenceStats?.success),
        fail: duration(each.inferenceStats?.fail),
        queue: duration(each.inferenceStats?.queue),
        ...steps(each.inferenceStats)
      },
      batch_stats: each.batchStats.map(batch => ({ batch_size: Number(batch.batchSize), ...steps(batch) }))
    }))
  };
}
