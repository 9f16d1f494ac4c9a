import { hash } from 'node:crypto';
import type { Arrival, Departure, RemoteTail } from '../pipeline/departure';
import { VeilError, type Departure as Recorded } from '../protocol';
import { destinationOf, parseTailUrl, ServerFailure, type ConnectionOptions, type TailAddress } from './kserve';
import type { Ledger } from './ledger';
import { TailServer, wantedBy, type Wanted } from './tail-server';

export interface DoorOptions {
  /** @throws VeilError: then nothing leaves */
  ledger: () => Promise<Ledger>;
  /** Throws VeilError `egress_refused` where the reviewer's policy does not allow it; asked for each tensor. */
  judge: (departure: Recorded) => Promise<void>;
  /** Certificates, headers and deadlines for a destination. */
  connection: (destination: string) => Promise<ConnectionOptions>;
}

/** Servers that stay connected. */
const KEPT = 8;

/**
 * The one way out. A tensor leaves after the policy allowed it, the server's model was found to be ours, and the ledger holds
 * it; what came back, or that nothing did, is in the ledger before anybody sees the answer. Nothing runs here instead.
 */
export class Door implements RemoteTail {
  /** Ends connections that are being made: several runs may wait for one, so that no run's own signal does. */
  private readonly closing = new AbortController();
  private ledger: Ledger | null = null;
  private readonly servers = new Map<string, Promise<TailServer>>();

  constructor(private readonly options: DoorOptions) {}

  async run(url: string, departure: Departure, { dryRun, signal }: { dryRun: boolean; signal?: AbortSignal }): Promise<Arrival> {
    const address = parseTailUrl(url);
    const ledger = (this.ledger = await this.options.ledger());
    const about = this.describe(address, departure, ledger);
    await this.options.judge(about);
    if (dryRun) {
      return { answer: null, sent: { ...sentOf(about), dry_run: true }, notices: [dryLine(about)] };
    }
    const server = await unlessCancelled(this.serverFor(address, wantedBy(departure)), signal);
    const tensor = server.encode(departure);
    const record: Recorded = {
      ...about,
      server_model: server.address.model,
      ...(tensor.datatype !== 'FP32' && { bytes: tensor.data.length, tensor_sha256: hash('sha256', tensor.data) })
    };
    if (record.server_model !== about.server_model) {
      await this.options.judge(record);
    }
    const entry = await ledger.depart(record);
    try {
      const { answer, version, exchange } = await server.run(tensor, signal);
      const { bytes_sent, bytes_received, sha256 } = exchange;
      await ledger.settle(entry, {
        outcome: 'answered',
        reply_sha256: sha256,
        bytes_sent,
        bytes_received,
        server_version: version
      });
      const sent = { ...sentOf(record), server_version: version, bytes_sent, bytes_received, ledger_entry: entry.sequence };
      return { answer, sent, notices: notices(record) };
    } catch (thrown) {
      await this.settleFailure(ledger, entry, thrown);
      throw thrown;
    }
  }

  /** Close all connections, and bring the ledger to the disk. */
  async close(): Promise<void> {
    this.closing.abort();
    const open = [...this.servers.values()];
    this.servers.clear();
    await Promise.allSettled(open.map(async server => (await server).close()));
    await this.ledger?.close();
  }

  private describe(address: TailAddress, departure: Departure, ledger: Ledger): Recorded {
    const { run, snapshot, facts, tensor, kind } = departure;
    const { name, head_sha256, tail_sha256 } = facts.model;
    const noise = kind === 'obfuscated' ? departure : null;
    return {
      run,
      snapshot,
      destination: destinationOf(address),
      server_model: address.model,
      server_version: address.version,
      model: { name, head_sha256, tail_sha256 },
      artefact_sha256: noise?.artefact.sha256 ?? null,
      alpha: noise?.alpha ?? null,
      looks: noise && { count: noise.looks.count, alpha_k: noise.looks.alpha_k },
      clean: kind === 'clean',
      private: noise?.private ?? false,
      bytes: tensor.data.byteLength,
      tensor_sha256: hash('sha256', tensor.data),
      source: ledger.sourceOf(Buffer.from(facts.source, 'hex'))
    };
  }

  /** The server of this address, or of the model beside it that is named for this ALPHA; connected once, checked once. */
  private async serverFor(address: TailAddress, wanted: Wanted): Promise<TailServer> {
    const key = JSON.stringify([address, wanted.alpha, wanted.artefact, wanted.facts.model]);
    const known = this.servers.get(key);
    if (known) {
      return known;
    }
    const opening = this.open(address, wanted);
    this.servers.set(key, opening);
    opening.catch(() => this.servers.delete(key));
    for (const [oldest, server] of this.servers) {
      if (this.servers.size <= KEPT) {
        break;
      }
      this.servers.delete(oldest);
      server.then(
        each => each.close(),
        () => undefined
      );
    }
    return opening;
  }

  private async open(address: TailAddress, wanted: Wanted): Promise<TailServer> {
    const options = await this.options.connection(destinationOf(address));
    try {
      return await TailServer.open(address, wanted, options, this.closing.signal);
    } catch (thrown) {
      const named = wanted.alpha !== null && address.version === null && `${address.model}_alpha_${wanted.alpha}`;
      if (!named || VeilError.from(thrown).code !== 'server_mismatch' || address.model.endsWith(`_alpha_${wanted.alpha}`)) {
        throw thrown;
      }
      return TailServer.open({ ...address, model: named }, wanted, options, this.closing.signal).catch(() => {
        throw thrown;
      });
    }
  }

  private async settleFailure(ledger: Ledger, entry: { sequence: number; hash: string }, thrown: unknown): Promise<void> {
    const failure = thrown instanceof ServerFailure ? thrown : null;
    const arrival = {
      // What was given up may have arrived.
      outcome: failure ? ('failed' as const) : ('unknown' as const),
      reply_sha256: null,
      bytes_sent: failure?.bytes_sent ?? null,
      bytes_received: failure?.bytes_received ?? null,
      server_version: null
    };
    // Where this cannot be written either, the departure stays unsettled, and is settled as unknown when the ledger is opened.
    await ledger.settle(entry, arrival).catch(() => undefined);
  }
}

/** What is waited for, unless the run is cancelled before: it goes on for others who wait for it. */
function unlessCancelled<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((settle, fail) => {
    const leave = () => fail(new VeilError('cancelled', 'The run was cancelled. Nothing was sent.', ''));
    if (signal?.aborted) {
      leave();
    }
    signal?.addEventListener('abort', leave, { once: true });
    waiting.then(settle, fail).finally(() => signal?.removeEventListener('abort', leave));
  });
}

function sentOf({ destination, server_model, bytes, tensor_sha256 }: Recorded): Arrival['sent'] {
  return {
    ...{ destination, server_model, server_version: null, tensor_bytes: bytes, tensor_sha256 },
    ...{ bytes_sent: 0, bytes_received: 0, ledger_entry: null, dry_run: false }
  };
}

function dryLine({ destination, server_model: model, bytes, alpha }: Recorded): string {
  const what = alpha === null ? 'a clean activation, which shows the picture' : `an obfuscated activation at ALPHA ${alpha}`;
  return `Nothing was sent. ${bytes} bytes would go to ${destination}, model ${model}: ${what}.`;
}

function notices({ clean, destination }: Recorded): string[] {
  return clean ? [`A clean activation went to ${destination}: whoever runs that server can see the picture.`] : [];
}
