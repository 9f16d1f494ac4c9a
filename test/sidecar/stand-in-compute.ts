import type { Compute, DetectRequest, DetectOutcome } from '../../src/pipeline/compute';
import { VeilError, type WireTensor } from '../../src/protocol';

const SHA = '0'.repeat(64);

export interface StandIn extends Compute {
  /** Every detect request as it arrived. */
  requests: DetectRequest[];
  /** How many runs were aborted by their signal. */
  aborted: number;
}

/** A Compute without models, for tests of the HTTP interface: a detect call waits `ms` and is abortable meanwhile. */
export function standInCompute(ms = 0): StandIn {
  const requests: DetectRequest[] = [];
  const echo = async (tensor: WireTensor) => tensor;
  const compute: StandIn = {
    requests,
    aborted: 0,
    devices: async () => [
      { id: 'cpu', name: 'stand-in', memory_total_mib: null, memory_used_mib: null, usable: true, reason: '' }
    ],
    resolveDevice: async () => ({ device: 'cpu', notices: [] }),
    describeModel: async () => ({
      name: 'stand-in',
      description: 'no model',
      bundled: false,
      parameters: 0,
      artefact: { kind: 'stationary-gaussian', calibrated: false, alpha_min: 0.05, alpha_max: 0.95, meaning: 'none' }
    }),
    async detect(request, signal) {
      requests.push(request);
      if (ms > 0) {
        await waitUnlessAborted(ms, signal).catch(error => {
          compute.aborted += 1;
          throw error;
        });
      }
      return outcomeOf(request);
    },
    sweep: async ({ alphas }) => ({
      clean: [],
      noisy: alphas.map(() => []),
      width: 1,
      height: 1,
      timings_ms: { total: 1 },
      device: 'cpu',
      notices: [],
      model: { name: 'stand-in', head_sha256: SHA, tail_sha256: SHA },
      versions: { veilbook: 'test' },
      looks: null
    }),
    forwardHead: async () => ({ data: new Float32Array(8), shape: [1, 2, 2, 2] }),
    forwardNoise: async activation => ({
      activation,
      artefact: { sha256: SHA, kind: 'stationary-gaussian', calibrated: false, meaning: 'none' },
      notices: [],
      private: true
    }),
    forwardTail: async activation => ({ loc: await echo(activation), conf: await echo(activation) }),
    forwardElsewhere: async (activation, { tail }) => ({
      answer: { loc: await echo(activation), conf: await echo(activation) },
      sent: {
        ...{ destination: tail, server_model: 'stand-in', server_version: '1', dry_run: false, ledger_entry: 0 },
        ...{ tensor_bytes: activation.data.byteLength, tensor_sha256: SHA, bytes_sent: 1, bytes_received: 1 }
      },
      notices: []
    }),
    reconstruct: async () => ({ data: new Uint8Array(12), shape: [2, 2, 3] }),
    postprocess: async () => [{ x1: 1, y1: 2, x2: 3, y2: 4, score: 0.9 }],
    close: async () => {}
  };
  return compute;
}

function waitUnlessAborted(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((settle, fail) => {
    const timer = setTimeout(settle, ms);
    const abort = () => {
      clearTimeout(timer);
      fail(new VeilError('cancelled', 'The run was cancelled.', 'Run it again.'));
    };
    if (signal?.aborted) {
      abort();
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function outcomeOf({ image, frame, options, pictures, activation }: DetectRequest): DetectOutcome {
  const { width, height } = frame.kind === 'pixels' ? frame : { width: 1, height: 1 };
  return {
    result: {
      run: 'run-1',
      image,
      mode: options.mode,
      alpha: options.alpha ?? null,
      width,
      height,
      threshold: options.threshold ?? 0.5,
      detections: [{ x1: 0, y1: 0, x2: 1, y2: 1, score: 0.75 }],
      timings_ms: { head: 1, total: 2 },
      device: 'cpu',
      notices: [],
      private: options.mode === 'noisy',
      model: { name: 'stand-in', head_sha256: SHA, tail_sha256: SHA },
      artefact: null,
      versions: { veilbook: 'test' }
    },
    pictures: Object.fromEntries(
      pictures.map(kind => [kind, { mime: 'image/jpeg' as const, width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }])
    ),
    activation: activation ? { data: new Float32Array(8), shape: [1, 2, 2, 2] } : undefined
  };
}
