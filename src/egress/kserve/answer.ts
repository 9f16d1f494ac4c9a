import { mismatch } from './failures';
import { byteLengthOf, notFinite, shapesAgree, type Port, type ServerTensor } from './tensors';
import type { Answer, Question } from './wire';

/** An output that was checked. */
export type WireTensor = Omit<ServerTensor, 'name'>;

/** Most that is read of outputs whose size the server leaves open. */
const MOST_OPEN_BYTES = 64 << 20;

/** The outputs that are wanted, as they must come for a batch of this size: a first axis that is left open is the batch's. */
export function outputsFor(outputs: readonly Port[], wanted: readonly string[], batch: number): Port[] {
  return outputs
    .filter(({ name }) => wanted.includes(name))
    .map(({ shape: [first, ...rest], ...port }) => ({ ...port, shape: first === -1 ? [batch, ...rest] : [first, ...rest] }));
}

/** Bytes of tensors that an honest answer has at most. */
export function answerBytes(outputs: readonly Port[]): number {
  return outputs.reduce((sum, output) => sum + (byteLengthOf(output) || MOST_OPEN_BYTES), 0);
}

/**
 * Believe an answer, or not: it is to this request, of the model that was asked, and has every wanted output once, of the
 * type and shape that the server announced (`outputsFor`), with all of its bytes and no NaN or infinity.
 * @throws ServerFailure `server_mismatch`
 */
export function checkAnswer(
  server: string,
  answer: Answer,
  question: Question,
  asked: { model: string; version: string | null },
  expected: readonly Port[]
): Record<string, WireTensor> {
  if (answer.id !== question.id) {
    throw mismatch(server, 'answered another request than the one that was sent');
  }
  if (answer.model !== asked.model || (asked.version !== null && answer.version !== asked.version)) {
    throw mismatch(server, 'answered with another model or version than the one that was asked');
  }
  const outputs: Record<string, WireTensor> = {};
  for (const { name, ...output } of answer.outputs) {
    const announced = expected.find(port => port.name === name);
    if (!announced || name in outputs) {
      throw mismatch(server, 'answered with an output that was not asked for');
    }
    checkOutput(server, name, output, announced);
    outputs[name] = output;
  }
  const missing = question.wanted.find(name => !(name in outputs));
  if (missing !== undefined) {
    throw mismatch(server, `left output "${missing}" out of its answer`);
  }
  return outputs;
}

function checkOutput(server: string, name: string, output: WireTensor, announced: Port): void {
  if (output.datatype !== announced.datatype || !shapesAgree(announced.shape, output.shape)) {
    throw mismatch(server, `answered with output "${name}" in another type or shape than it announced`);
  }
  if (output.data.length !== byteLengthOf(output)) {
    throw mismatch(server, `answered with output "${name}" in ${output.data.length} bytes, which its shape does not have`);
  }
  if (notFinite(output.datatype, output.data)) {
    throw mismatch(
      server,
      `answered with values in output "${name}" that are no numbers (NaN or infinite)`,
      'See the model on the server: its log, and its floating-point type.'
    );
  }
}
