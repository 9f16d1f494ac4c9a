import { createCipheriv, createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { VeilError } from '../protocol';

/** Where the randomness of a noisy run comes from. */
export interface EpsilonSource {
  /**
   * Overwrite `bytes` with random ones. The same digest gives the same bytes, so that sending an image again gives no
   * second look at it; another digest never does, for the difference of two tensors under one epsilon is noiseless.
   * @param digest SHA-256 of the quantised activation, 32 bytes
   */
  fill(bytes: Uint8Array, digest: Uint8Array): void;
  /** False where anyone can draw the same bytes and subtract the noise. */
  readonly private: boolean;
}

const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
/** What AES encrypts to give its bare keystream. Pieces of this size stay in the processor's nearer caches. */
const ZEROS = Buffer.alloc(32768);

/**
 * Epsilon as a pseudorandom function of the image: the keystream of AES-256-CTR under HMAC-SHA256(key, context, digest),
 * from counter 0 (NIST SP 800-38A, FIPS 198-1). Every digest has an AES key of its own.
 *
 * @param key 32 bytes of the operating system's randomness; never written to a disk: whoever holds it can subtract the
 *   noise from every tensor that was sent
 * @param context names artefact and ALPHA, so that two strengths of one image share no epsilon
 * @throws VeilError `internal` for a key of another length
 */
export function prfEpsilon(key: Uint8Array, context: string): EpsilonSource {
  if (key.length !== KEY_BYTES) {
    throw refuse(`The noise key has ${key.length} bytes, not ${KEY_BYTES}.`);
  }
  return keyed(createSecretKey(key), context, true);
}

/**
 * For repeatable tests only: anyone who knows the seed subtracts the noise.
 * @param seed a whole number from 0
 */
export function insecureSeededEpsilon(seed: number): EpsilonSource {
  const key = createHash('sha256').update(`veilbook insecure seed ${seed}`).digest();
  return keyed(createSecretKey(key), '', false);
}

function keyed(key: KeyObject, context: string, isPrivate: boolean): EpsilonSource {
  return {
    private: isPrivate,
    fill(bytes, digest) {
      // The digest comes last and its length is fixed, so no two pairs of context and digest read the same.
      if (digest.length !== DIGEST_BYTES) {
        throw refuse(`The activation's digest has ${digest.length} bytes, not ${DIGEST_BYTES}.`);
      }
      const subkey = createHmac('sha256', key).update(context).update(digest).digest();
      const stream = createCipheriv('aes-256-ctr', subkey, Buffer.alloc(16));
      subkey.fill(0);
      for (let at = 0; at < bytes.length; at += ZEROS.length) {
        const piece = stream.update(ZEROS.subarray(0, Math.min(ZEROS.length, bytes.length - at)));
        bytes.set(piece, at);
        piece.fill(0);
      }
    }
  };
}

function refuse(cause: string): VeilError {
  return new VeilError(
    'internal',
    `${cause} Nothing was run, nothing was sent.`,
    'This is a fault in Veilbook: please report it with the log.'
  );
}
