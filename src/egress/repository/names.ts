import { type ModelTask } from '../../protocol';

/** Tensors are called as in the model's graphs, or as the clients of NetApp TR-4928 call them: INPUT__0, OUTPUT__0, … */
export const PORT_NAMES = ['graph', 'report'] as const;
export type PortNames = (typeof PORT_NAMES)[number];

/** What runs the graph: Triton's own ONNX Runtime backend, or a model.py that runs it where only the python backend is. */
export const PLATFORMS = ['onnxruntime', 'python'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** The model that a clean activation is sent to: `face_detection_base`. */
export const baseName = (task: ModelTask): string => `${task.replaceAll('-', '_')}_base`;

/** The model that an activation with noise of this ALPHA is sent to: `face_detection_noisy_alpha_0.8`. */
export const noisyName = (task: ModelTask, alpha: number): string => `${plainNoisyName(task)}_alpha_${alpha}`;

/** The noisy model without an ALPHA in its name, as clients written for one ALPHA call it: `face_detection_noisy`. */
export const plainNoisyName = (task: ModelTask): string => `${task.replaceAll('-', '_')}_noisy`;

export function portNames(names: PortNames, input: string, outputs: readonly string[]): { input: string; outputs: string[] } {
  return names === 'graph'
    ? { input, outputs: [...outputs] }
    : { input: 'INPUT__0', outputs: outputs.map((_, index) => `OUTPUT__${index}`) };
}
