import { createHash } from 'node:crypto';
import { type Arrival, type Departure } from '../../src/protocol';

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A departure of an obfuscated activation, told from others by its number. */
export function departureOf(number = 0, changed: Partial<Departure> = {}): Departure {
  return {
    run: `run-${number}`,
    snapshot: null,
    destination: 'tritons://inference.example:8000',
    server_model: 'face_detection_noisy',
    server_version: '3',
    model: { name: 'faceboxes', head_sha256: hex('head'), tail_sha256: hex('tail') },
    artefact_sha256: hex('artefact'),
    alpha: 0.8,
    looks: { count: 1, alpha_k: 0.8 },
    clean: false,
    private: true,
    bytes: 524288,
    tensor_sha256: hex(`tensor ${number}`),
    source: hex(`source ${number}`),
    ...changed
  };
}

export const answered = (number = 0): Arrival => ({
  outcome: 'answered',
  reply_sha256: hex(`reply ${number}`),
  bytes_sent: 524600,
  bytes_received: 4100,
  server_version: '3'
});
