import { parametersOf, readPbtxt, type Message } from '../../../test/triton/pbtxt';
import { configText, type ModelConfig } from './config';

const config: ModelConfig = {
  name: 'face_detection_noisy',
  about: 'Server side of faceboxes.',
  platform: 'onnxruntime',
  maxBatch: 8,
  inputs: [{ name: 'activation', type: 'TYPE_INT16', shape: [128, 32, 32] }],
  outputs: [
    { name: 'loc', type: 'TYPE_FP32', shape: [21824, 4] },
    { name: 'conf', type: 'TYPE_FP32', shape: [21824, 2] }
  ],
  instances: [
    { kind: 'gpu', count: 1 },
    { kind: 'cpu', count: 2 }
  ],
  parameters: { alpha: '0.8', model: 'a "quoted" \\ name' }
};

describe('config.pbtxt', () => {
  it('says what Triton is to know', () => {
    const read = readPbtxt(configText(config));
    expect(read).toMatchObject({
      name: ['face_detection_noisy'],
      platform: ['onnxruntime_onnx'],
      max_batch_size: [8],
      input: [{ name: ['activation'], data_type: ['TYPE_INT16'], dims: [128, 32, 32] }],
      output: [
        { name: ['loc'], data_type: ['TYPE_FP32'], dims: [21824, 4] },
        { name: ['conf'], data_type: ['TYPE_FP32'], dims: [21824, 2] }
      ],
      version_policy: [{ latest: [{ num_versions: [1] }] }],
      dynamic_batching: [{}],
      instance_group: [
        { kind: ['KIND_GPU'], count: [1] },
        { kind: ['KIND_CPU'], count: [2] }
      ]
    });
    expect(parametersOf(read)).toEqual(config.parameters);
  });

  it('warms a model up with one sample and with a full batch', () => {
    const { model_warmup: runs } = readPbtxt(configText(config)) as { model_warmup: Message[] };
    expect(runs.map(({ batch_size: [size] }) => size)).toEqual([1, 8]);
    expect(runs[0].inputs).toEqual([
      { key: ['activation'], value: [{ data_type: ['TYPE_INT16'], dims: [128, 32, 32], zero_data: [true] }] }
    ]);
  });

  it('writes shapes with an axis of 1, and batches nothing, where one sample is a request', () => {
    const read = readPbtxt(configText({ ...config, maxBatch: 0 }));
    expect(read).toMatchObject({
      max_batch_size: [0],
      input: [{ dims: [1, 128, 32, 32] }],
      output: [{ dims: [1, 21824, 4] }, {}]
    });
    expect(read.model_warmup).toMatchObject([{ batch_size: [0], inputs: [{ value: [{ dims: [1, 128, 32, 32] }] }] }]);
    expect(read).not.toHaveProperty('dynamic_batching');
  });

  it('names the python backend, and instances where there are GPUs, else on the processor', () => {
    const read = readPbtxt(configText({ ...config, platform: 'python', instances: [{ kind: 'auto', count: 1 }] }));
    expect(read).toMatchObject({ backend: ['python'], instance_group: [{ kind: ['KIND_AUTO'], count: [1] }] });
    expect(read).not.toHaveProperty('platform');
  });
});
