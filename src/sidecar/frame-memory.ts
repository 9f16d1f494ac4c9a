const GRAIN = 1 << 20;
const KEPT = 4;
const KEPT_BYTES = 32 * GRAIN;

/**
 * Memory for frames, shared with the compute workers and used again: touching fresh pages costs more than
 * copying a frame. Only a frame whose run has ended well comes back; a cancelled one may still be read by its worker.
 */
export class FrameMemory {
  private readonly free: SharedArrayBuffer[] = [];

  /** Not cleared: the caller overwrites every byte. */
  acquire(length: number): Uint8Array {
    const at = this.free.findIndex(buffer => buffer.byteLength >= length && buffer.byteLength < 2 * length + GRAIN);
    const buffer = at < 0 ? new SharedArrayBuffer(Math.ceil(length / GRAIN) * GRAIN) : this.free.splice(at, 1)[0];
    return new Uint8Array(buffer, 0, length);
  }

  release({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength <= KEPT_BYTES && !this.free.includes(buffer)) {
      this.free.unshift(buffer);
      this.free.length = Math.min(this.free.length, KEPT);
    }
  }
}
