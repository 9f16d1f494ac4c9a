import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeOnnx, type OnnxModel } from '../models/onnx';
import { switchTelemetryOff } from '../pipeline/telemetry-off';
import { type Values } from './values';

export { type Values };

/** Where graphs are run while learning. */
export interface LearningDevice {
  providers: InferenceSession.ExecutionProviderConfig[];
  threads: number;
}

/** A graph made in memory, opened in ONNX Runtime. */
export class LearningSession {
  private constructor(private readonly session: InferenceSession) {}

  static async open(model: OnnxModel, { providers, threads }: LearningDevice): Promise<LearningSession> {
    switchTelemetryOff();
    const session = await InferenceSession.create(writeOnnx(model), {
      executionProviders: providers,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Nothing is known here that would not be an error of ours; warnings about unused weights are not for users.
      logSeverityLevel: 3,
      // Many sessions take turns: threads of those that wait must not burn the cores of the one that works.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } }
    });
    return new LearningSession(session);
  }

  async run(inputs: Record<string, Values>): Promise<Record<string, Values>> {
    const feeds = Object.entries(inputs).map(([name, { data, dims }]) => [name, new Tensor('float32', data, dims)] as const);
    const results = await this.session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }] as const)
    );
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
