import { FrameMemory } from './frame-memory';

describe('frame memory', () => {
  it('is used again for a frame of about the same size, never for two at once', () => {
    const memory = new FrameMemory();
    const first = memory.acquire(6_000_000);
    expect(memory.acquire(6_000_000).buffer).not.toBe(first.buffer);
    memory.release(first);
    memory.release(first);
    expect(memory.acquire(5_900_000).buffer).toBe(first.buffer);
    expect(memory.acquire(5_900_000).buffer).not.toBe(first.buffer);
    memory.release(first);
    expect(memory.acquire(10).buffer).not.toBe(first.buffer);
  });
});
