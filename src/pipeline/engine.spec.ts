import { availableParallelism } from 'node:os';
import type { Compute, DetectRequest } from './compute';
import { openCompute } from './engine';

// Workers open a model each; on a busy machine that takes its time.
jest.setTimeout(60_000);

const request = (device: string): DetectRequest => ({
  image: 'grey',
  frame: { kind: 'pixels', data: new Uint8Array(320 * 240 * 3).fill(90), width: 320, height: 240, order: 'rgb' },
  options: { mode: 'clean', device },
  pictures: [],
  activation: false
});

describe('the compute engine', () => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openCompute({ threads: Math.min(2, availableParallelism()), workers: 1 });
  });
  afterAll(() => compute.close());

  it('names the device that ran, and carries one line for a provider that is missing', async () => {
    const { result } = await compute.detect(request('webgpu'));
    const lines = result.notices.filter(line => line.includes('Running on the CPU instead.'));
    if (result.device === 'cpu') {
      expect(lines).toHaveLength(1);
      const webgpu = (await compute.devices()).find(({ id }) => id === 'webgpu');
      expect(webgpu).toMatchObject({ usable: false });
    } else {
      expect(result.device).toBe('webgpu');
      expect(lines).toHaveLength(0);
    }
  });

  it('runs the stages one by one to the same boxes as the whole', async () => {
    const whole = await compute.detect(request('cpu'));
    const activation = await compute.forwardHead(request('cpu').frame, { device: 'cpu' });
    expect(activation.shape).toEqual([1, 128, 32, 32]);
    const heads = await compute.forwardTail(activation, { device: 'cpu' });
    const boxes = await compute.postprocess(heads, { width: 320, height: 240, threshold: 0.05 });
    expect(boxes).toEqual(whole.result.detections);
  });

  it('describes the bundled model', async () => {
    expect(await compute.describeModel()).toMatchObject({ name: 'faceboxes', bundled: true, artefact: { calibrated: true } });
  });

  it('rejects a run whose signal is aborted already', async () => {
    await expect(compute.detect(request('cpu'), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });
});
