import { createCipheriv, createHash, type Cipher } from 'node:crypto';
import { openArena, type Arena } from '../pipeline/kernels';

const BLOCK_BYTES = 1 << 19;

/** Standard normal values that repeat for a seed: for learning, never for noise in use. AES-256-CTR and Box-Muller. */
export class Normals {
  private at = BLOCK_BYTES / 4;

  private constructor(
    private readonly stream: Cipher,
    private readonly arena: Arena<'block'>
  ) {}

  static async open(seed: number, purpose: string): Promise<Normals> {
    const key = createHash('sha256').update(`veilbook learning ${purpose} ${seed}`).digest();
    return new Normals(createCipheriv('aes-256-ctr', key, Buffer.alloc(16)), await openArena({ block: BLOCK_BYTES }));
  }

  fill(values: Float32Array): Float32Array {
    const { block } = this.arena.regions;
    const stock = block.float32();
    for (let done = 0; done < values.length;) {
      if (this.at === stock.length) {
        block.uint8().set(this.stream.update(Buffer.alloc(BLOCK_BYTES)));
        this.arena.kernels.gaussian(block.at, BLOCK_BYTES);
        this.at = 0;
      }
      const count = Math.min(values.length - done, stock.length - this.at);
      values.set(stock.subarray(this.at, this.at + count), done);
      this.at += count;
      done += count;
    }
    return values;
  }

  take(count: number): Float32Array {
    return this.fill(new Float32Array(count));
  }
}
