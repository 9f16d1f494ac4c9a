import type { FastifyReply } from 'fastify';

/** An abort signal for each request that is being answered; a closed connection aborts it. */
export class Cancellation {
  private readonly open = new Set<AbortController>();

  /** Requests whose work is not finished. */
  get running(): number {
    return this.open.size;
  }

  /** Do the work of a request under a signal that fires when its client goes away. */
  async during<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.open.add(controller);
    reply.raw.once('close', abort);
    if (reply.raw.destroyed || reply.raw.socket?.destroyed) {
      abort();
    }
    try {
      return await work(controller.signal);
    } finally {
      reply.raw.off('close', abort);
      this.open.delete(controller);
    }
  }

  abortAll(): void {
    for (const controller of this.open) {
      controller.abort();
    }
  }
}
