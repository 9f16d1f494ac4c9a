import { VeilError, type WireTensor } from '../protocol';

/*
 * Two types for one shape. They hold the same floats; the compiler keeps them apart. `cleanActivation` names what a head
 * made; only FieldNoise in field-noise.ts makes an ObfuscatedActivation.
 */
declare const clean: unique symbol;
declare const obfuscated: unique symbol;

interface Activation {
  /** [C,H,W] float32, row-major. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}
export interface CleanActivation extends Activation {
  readonly [clean]: true;
}
export interface ObfuscatedActivation extends Activation {
  readonly [obfuscated]: true;
}
export type AnyActivation = CleanActivation | ObfuscatedActivation;

export function cleanActivation(data: Float32Array<ArrayBuffer>, shape: readonly number[]): CleanActivation {
  return { data, shape } as CleanActivation;
}

/** Copies [1,C,H,W] that may leave the worker: of the two, only the second may leave this machine. */
export interface CleanTensor extends WireTensor {
  readonly [clean]: true;
}
export interface ObfuscatedTensor extends WireTensor {
  readonly [obfuscated]: true;
}

export function toWire(activation: CleanActivation): CleanTensor;
export function toWire(activation: ObfuscatedActivation): ObfuscatedTensor;
export function toWire(activation: AnyActivation): CleanTensor | ObfuscatedTensor;
export function toWire({ data, shape }: Activation): WireTensor {
  return { data: data.slice(), shape: [1, ...shape] };
}

/** @throws VeilError `bad_tensor` unless the tensor is [1, ...shape] float32 */
export function checkTensor(name: string, tensor: WireTensor | undefined, shape: readonly number[]): Float32Array {
  const remedy = `Send float32 [1,${shape.join(',')}].`;
  if (!tensor) {
    throw new VeilError('bad_tensor', `There is no tensor ${name}. Nothing was run.`, remedy);
  }
  if (!(tensor.data instanceof Float32Array)) {
    throw new VeilError('bad_tensor', `${name} is uint8, not float32. Nothing was run.`, remedy);
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (tensor.shape.join() !== [1, ...shape].join() || tensor.data.length !== count) {
    throw new VeilError(
      'bad_tensor',
      `${name} is [${tensor.shape.join(',')}], not [1,${shape.join(',')}]. Nothing was run.`,
      remedy
    );
  }
  return tensor.data;
}
