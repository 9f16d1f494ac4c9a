import { VeilError } from '../../protocol';
import type { Wire } from './wire';

/** Bytes on sockets, before TLS. */
export interface Traffic {
  bytes_sent: number;
  bytes_received: number;
}

/**
 * Connections that are lent to one exchange each, at most so many at a time; the one given back last is lent first, so that
 * few stay busy. Closed ones are forgotten, but for their bytes; once `close` was called none is lent.
 */
export class Lanes {
  private readonly idle: Wire[] = [];
  private readonly open = new Set<Wire>();
  private readonly waiting: Array<() => void> = [];
  private readonly past: Traffic = { bytes_sent: 0, bytes_received: 0 };
  private free: number;
  private closed = false;

  constructor(
    private readonly dial: (signal: AbortSignal) => Promise<Wire>,
    /** Run on each new connection before it is lent. */
    private readonly greet: (wire: Wire, signal: AbortSignal) => Promise<void>,
    most: number
  ) {
    this.free = most;
  }

  /** Every byte on every connection so far. */
  get traffic(): Traffic {
    const all = { ...this.past };
    this.open.forEach(wire => count(all, wire));
    return all;
  }

  /** Wait for a turn, then use a connection; one that failed is closed. */
  async use<T>(signal: AbortSignal, exchange: (wire: Wire) => Promise<T>): Promise<T> {
    await this.turn(signal);
    let wire: Wire | null = null;
    try {
      if (this.closed) {
        throw new VeilError('cancelled', 'The connections to the model server were closed. Nothing was sent.', '');
      }
      wire = this.pick() ?? (await this.connect(signal));
      const result = await exchange(wire);
      this.idle.push(wire);
      return result;
    } catch (thrown) {
      this.retire(wire);
      throw thrown;
    } finally {
      this.free++;
      this.waiting.shift()?.();
      if (this.closed) {
        this.close();
      }
    }
  }

  close(): void {
    this.closed = true;
    this.idle.splice(0).forEach(wire => this.retire(wire));
  }

  private async connect(signal: AbortSignal): Promise<Wire> {
    const wire = await this.dial(signal);
    this.open.add(wire);
    try {
      await this.greet(wire, signal);
    } catch (thrown) {
      this.retire(wire);
      throw thrown;
    }
    return wire;
  }

  private pick(): Wire | null {
    for (let wire = this.idle.pop(); wire; wire = this.idle.pop()) {
      if (wire.alive) {
        return wire;
      }
      this.retire(wire);
    }
    return null;
  }

  private retire(wire: Wire | null): void {
    if (wire && this.open.delete(wire)) {
      wire.close();
      count(this.past, wire);
    }
  }

  private async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.free === 0) {
      await new Promise<void>((resolve, reject) => {
        const wake = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          const place = this.waiting.indexOf(wake);
          if (place >= 0) {
            this.waiting.splice(place, 1);
          }
          reject(signal.reason);
        };
        this.waiting.push(wake);
        signal.addEventListener('abort', leave, { once: true });
      });
    }
    this.free--;
  }
}

function count(traffic: Traffic, { bytes }: Wire): void {
  traffic.bytes_sent += bytes.sent;
  traffic.bytes_received += bytes.received;
}
