import { type Platform } from './names';

/** A tensor as Triton names its kind: shape without the batch axis. */
export interface ServedPort {
  name: string;
  type: 'TYPE_FP32' | 'TYPE_INT16';
  shape: readonly number[];
}

export const INSTANCE_KINDS = ['auto', 'cpu', 'gpu'] as const;

/** So many copies of a model, on the processor, on each GPU, or on GPUs where there are some. */
export interface InstanceGroup {
  kind: (typeof INSTANCE_KINDS)[number];
  count: number;
}

export interface ModelConfig {
  name: string;
  /** One line for whoever reads the file. */
  about: string;
  platform: Platform;
  /** 0: one sample a request, and shapes bear an axis of 1 for it. */
  maxBatch: number;
  inputs: readonly ServedPort[];
  outputs: readonly ServedPort[];
  instances: readonly InstanceGroup[];
  parameters: Readonly<Record<string, string>>;
}

const KINDS = { auto: 'KIND_AUTO', cpu: 'KIND_CPU', gpu: 'KIND_GPU' } as const;
const BACKENDS: Record<Platform, string> = { onnxruntime: 'platform: "onnxruntime_onnx"', python: 'backend: "python"' };

/**
 * A model's `config.pbtxt`: a ModelConfig of Triton's model_config.proto in protobuf's text format.
 *
 * Requests that wait while a run goes on are put into the next one together; a request that finds the model idle does
 * not wait for others. The model is ready once it has run, on one sample and on a full batch.
 */
export function configText(config: ModelConfig): string {
  const { name, about, platform, maxBatch, inputs, outputs, instances, parameters } = config;
  const batches = maxBatch === 0 ? [0] : [...new Set([1, maxBatch])];
  const lines = [
    `# ${about.replaceAll(/\s+/g, ' ')}`,
    `name: ${quoted(name)}`,
    BACKENDS[platform],
    `max_batch_size: ${maxBatch}`,
    ...inputs.flatMap(port => block('input', described(port, maxBatch))),
    ...outputs.flatMap(port => block('output', described(port, maxBatch))),
    'version_policy { latest { num_versions: 1 } }',
    ...(maxBatch > 0 ? ['dynamic_batching { }'] : []),
    ...instances.flatMap(({ kind, count }) => block('instance_group', [`kind: ${KINDS[kind]}`, `count: ${count}`])),
    ...batches.flatMap(batch => block('model_warmup', warmup(batch, maxBatch, inputs))),
    ...Object.entries(parameters).flatMap(([key, value]) =>
      block('parameters', [`key: ${quoted(key)}`, `value { string_value: ${quoted(value)} }`])
    )
  ];
  return `${lines.join('\n')}\n`;
}

function described({ name, type, shape }: ServedPort, maxBatch: number): string[] {
  return [`name: ${quoted(name)}`, `data_type: ${type}`, dims(shape, maxBatch)];
}

function warmup(batch: number, maxBatch: number, inputs: readonly ServedPort[]): string[] {
  return [
    `name: ${quoted(`zeros, ${Math.max(1, batch)} at once`)}`,
    `batch_size: ${batch}`,
    ...inputs.flatMap(({ name, type, shape }) =>
      block('inputs', [
        `key: ${quoted(name)}`,
        ...block('value', [`data_type: ${type}`, dims(shape, maxBatch), 'zero_data: true'])
      ])
    )
  ];
}

const dims = (shape: readonly number[], maxBatch: number): string =>
  `dims: [ ${(maxBatch === 0 ? [1, ...shape] : shape).join(', ')} ]`;

function block(name: string, lines: readonly string[]): string[] {
  return [`${name} {`, ...lines.map(line => `  ${line}`), '}'];
}

/** Protobuf's text format escapes as C does. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
