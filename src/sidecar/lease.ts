import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

export interface LeaseOptions {
  idleMs: number;
  /** Requests and learning whose work is not finished. */
  running: () => number;
  /** False when the connection file no longer names this instance, so that nobody new can find it. */
  isReachable: () => boolean;
  onExpired: (reason: string) => void;
}

const CHECK_MS = 5000;
/** What is asked with this header is only looked at: who asks shows something, and nobody may be there to see it. */
const LOOK_HEADER = 'veilbook-look';

/**
 * Ends a sidecar that nobody uses: a client is an open connection on which something else than looks was asked, or nothing yet.
 * One whose connection file was replaced or removed goes as soon as it is idle, for no new client can find it.
 */
export class IdleLease {
  private readonly open = new Set<Socket>();
  private readonly used = new WeakSet<Socket>();
  private readonly looking = new WeakSet<Socket>();
  private idleSince = Date.now();
  private readonly timer: NodeJS.Timeout;

  constructor(
    server: Server,
    private readonly options: LeaseOptions
  ) {
    server.on('connection', socket => {
      this.open.add(socket);
      socket.once('close', () => {
        this.open.delete(socket);
        if (this.isClient(socket)) {
          this.idleSince = Date.now();
        }
      });
    });
    server.on('request', ({ headers, socket }: IncomingMessage) => {
      (headers[LOOK_HEADER] === undefined ? this.used : this.looking).add(socket);
    });
    this.timer = setInterval(() => this.check(), Math.min(CHECK_MS, Math.max(20, options.idleMs / 4)));
  }

  get connections(): number {
    return this.open.size;
  }

  release(): void {
    clearInterval(this.timer);
  }

  /** Cut whatever is still connected. */
  disconnectAll(): void {
    for (const socket of this.open) {
      socket.destroy();
    }
  }

  private isClient(socket: Socket): boolean {
    return this.used.has(socket) || !this.looking.has(socket);
  }

  private check(): void {
    if ([...this.open].some(socket => this.isClient(socket)) || this.options.running() > 0) {
      this.idleSince = Date.now();
    } else if (!this.options.isReachable()) {
      this.options.onExpired('another sidecar took its place, or its state directory is gone');
    } else if (Date.now() - this.idleSince >= this.options.idleMs) {
      this.options.onExpired('nobody was connected');
    }
  }
}
