/** How long each stage of a learning pass works. */
export interface Effort {
  /** Random probes of the task's sensitivity. */
  sensitivityProbes: number;
  /** Rounds of training a decoder and shaping the noise against it; steps and probes of each. */
  rounds: number;
  roundSteps: number;
  roundProbes: number;
  /** Training steps of the first decoder, on little and no noise, and twice for each knot of the one ALPHA is calibrated to. */
  decoderSteps: number;
  knotSteps: number;
  /** Training steps for each knot's server side, and of noise in mode cloak. */
  denoiserSteps: number;
  tailSteps: number;
  cloakSteps: number;
}

/** What artefacts for use are learned with: a decoder trained for less finds less, and ALPHA would promise too much. */
export const FULL: Effort = {
  sensitivityProbes: 256,
  rounds: 2,
  roundSteps: 250,
  roundProbes: 160,
  decoderSteps: 600,
  knotSteps: 250,
  denoiserSteps: 30,
  tailSteps: 120,
  cloakSteps: 60
};
