import type { ArtefactRef, DetectionResult, Looks, ModelRef, Sent } from '../protocol';
import type { CleanTensor, ObfuscatedTensor } from './activation';
import type { DetectRequest, TailAnswer } from './compute';
import type { Pixels } from './raster';

/** What is known of a tensor whose tail runs elsewhere, whatever was done to it. */
export interface Facts {
  model: ModelRef;
  /** The tail's outputs by the names in its graph, shapes without the batch axis: what the server has to answer. */
  ports: Record<string, { name: string; shape: number[] }>;
  /** Name of the tail's input in its graph. */
  input: string;
  /** Of the grid that obfuscated values lie on; null where the model has no obfuscation. */
  step: number | null;
  /** SHA-256, hexadecimal, of the activation that the head made, quantised where there is noise: what it is a look at. */
  source: string;
}

/**
 * A tensor [1,C,H,W] on its way to a tail elsewhere, and what is known of it. An obfuscated one was made by the noise of
 * this process; a clean one is here only where a person asked for that by name, for this one run.
 */
export type Departure = {
  run: string;
  /** Id of the workspace snapshot that the caller says the run belongs to: a label, recorded and used for nothing. */
  snapshot: string | null;
  facts: Facts;
} & (
  | {
      kind: 'obfuscated';
      tensor: ObfuscatedTensor;
      alpha: number;
      artefact: ArtefactRef;
      private: boolean;
      looks: Looks;
    }
  | { kind: 'clean'; tensor: CleanTensor }
);

/** What came back. */
export interface Arrival {
  /** Nothing, in a dry run. */
  answer: TailAnswer | null;
  sent: Sent;
  /** Lines a person must see. */
  notices: string[];
}

/** The first half of a run, between the workers and the process that owns them. */
export interface Departed {
  /** The result as far as it is known without a tail: nothing was detected. */
  draft: DetectionResult;
  facts: Facts;
  tensor: CleanTensor | ObfuscatedTensor;
  /** Where a picture is wanted. */
  frame: Pixels | null;
}

/** What the second half needs. */
export interface Arriving {
  request: Omit<DetectRequest, 'frame'>;
  departed: Departed;
  answer: TailAnswer;
}

/** Whoever runs tails elsewhere: the pipeline knows no network. */
export interface RemoteTail {
  /**
   * @param url of the server's model: `TailUrl`
   * @throws VeilError `egress_refused` before anything was sent; `server_unavailable`, `server_mismatch`, `timed_out`,
   * `ledger_damaged`, `output_unwritable`, `cancelled`
   */
  run(url: string, departure: Departure, how: { dryRun: boolean; signal?: AbortSignal }): Promise<Arrival>;
}
