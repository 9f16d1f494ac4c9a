import type { ModelMetadata, ModelSettings, ModelStatistics } from './metadata';
import type { ServerTensor } from './tensors';

/** A request for inference. */
export interface Question {
  id: string;
  inputs: readonly ServerTensor[];
  /** Names of the outputs that are asked for. */
  wanted: readonly string[];
  /** Bytes of tensors that an honest answer has at most. */
  most: number;
}

/** What a server answered, read but not yet believed. */
export interface Answer {
  id: string;
  model: string;
  version: string;
  outputs: ServerTensor[];
  /** Of the body (HTTP) or the message (gRPC), hexadecimal. */
  sha256: string;
}

/** One connection to a server that speaks KServe v2. It carries one exchange at a time. */
export interface Wire {
  /** False once the connection is closed, from either side. */
  readonly alive: boolean;
  /** Bytes since the connection was made, before TLS, frames of HTTP/2 included. */
  readonly bytes: { sent: number; received: number };
  /** Is the server live and ready, and the model? Then what it says of the model. */
  metadata(signal: AbortSignal): Promise<ModelMetadata>;
  settings(signal: AbortSignal): Promise<ModelSettings>;
  statistics(signal: AbortSignal): Promise<ModelStatistics>;
  infer(question: Question, signal: AbortSignal): Promise<Answer>;
  close(): void;
}

/** Room in an answer for all that is not a tensor. */
export const SMALL_BYTES = 64 << 10;
/** Longest document that is not an answer to a tensor. */
export const DOCUMENT_BYTES = 1 << 20;
