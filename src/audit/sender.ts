/**
 * What is audited, as the outside meets it: frames go in as activations, tensors leave. The product's own sender draws
 * noise the way every noisy run does; the audit's test puts faulty ones in its place.
 */
export interface Sender {
  /**
   * The tensor that leaves for an activation. Within one life of the sender the same activation and ALPHA give the same one.
   * @param activation [C,H,W] of the head, row-major
   * @returns [C,H,W], a copy
   * @throws VeilError as a noisy run
   */
  send(activation: Float32Array, alpha: number): Promise<Float32Array>;
  /** A new life: a process that was started anew, with a key of its own. */
  restart(): Promise<Sender>;
  close(): Promise<void>;
}
