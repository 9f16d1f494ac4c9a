import { reasonOf } from './session';

describe('why a session failed', () => {
  it("is told without ONNX Runtime's source locations", () => {
    const message =
      '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 Initialize(const Config&)::<lambda()> ' +
      'adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters';
    expect(reasonOf(new Error(`${message}\nstack`))).toBe('Failed to get a WebGPU adapter: No supported adapters');
  });

  it('is told as it is where there are none', () => {
    expect(reasonOf('Invalid Feed Input Name:image')).toBe('Invalid Feed Input Name:image');
  });
});
