import { VeilError, type KnownTail, type PolicyInView, type TailList } from '../protocol';
import { ledgerFolder, viewLedger } from './ledger';
import { destinationOf, insecure, loadPolicy, parseDestination, refusalOf, strictest, type PolicyInForce } from './policy';
import { configuredDestinations } from './servers-file';

/** As many of the last departures are looked at for servers. */
const DEPARTURES = 200;

/** A server that somebody knows of, with the models that were named there. */
export interface NamedServer {
  destination: string;
  models: readonly string[];
  source: KnownTail['sources'][number];
  last?: string;
  cluster?: KnownTail['cluster'];
}

/**
 * What could be a tail: servers of the user's servers.json, of the reviewer's policies, of the ledger, and those given. Nobody is
 * asked over the network; what cannot be read becomes a note.
 * @param assumed name of the model where nobody named one
 * @param more servers found elsewhere, as in a cluster
 */
export async function knownTails(assumed: string, more: readonly NamedServer[] = []): Promise<TailList> {
  const notes: string[] = [];
  const { inForce, view } = await policyInView();
  const found = [...attempt(configured, notes), ...allowed(view), ...attempt(seen, notes), ...more];
  const tails = new Map<string, KnownTail>();
  for (const server of found) {
    const destination = plain(server.destination);
    if (destination === null) {
      notes.push(`${SAID[server.source]} names a server in a way that cannot be read; docs/triton.md shows how it is written.`);
      continue;
    }
    const named =
      server.models.length > 0 || found.some(other => other.models.length > 0 && plain(other.destination) === destination);
    for (const model of named ? server.models : [assumed]) {
      const url = `${destination}/${model}`;
      const refused = inForce ? refusalOf(inForce, parseDestination(destination), model) : view.error!.message;
      const known = tails.get(url) ?? {
        url,
        destination,
        model,
        assumed: !named,
        sources: [],
        refused,
        last: null,
        cluster: null
      };
      known.last = later(known.last, server.last ?? null);
      tails.set(url, known);
    }
  }
  for (const tail of tails.values()) {
    const here = found.filter(({ destination }) => plain(destination) === tail.destination);
    const by = here.filter(({ models, source }) => source !== 'ledger' || models.includes(tail.model));
    tail.sources = [...new Set(by.map(({ source }) => source))];
    tail.cluster = here.find(({ cluster }) => cluster)?.cluster ?? null;
  }
  return { tails: [...tails.values()], policy: view, notes: [...new Set(notes)] };
}

const SAID: Record<NamedServer['source'], string> = {
  'servers.json': 'servers.json',
  policy: 'A policy',
  ledger: 'The ledger',
  cluster: 'The cluster'
};

/** What is in force, as a person sees it; `inForce` is null where a policy cannot be followed. */
export async function policyInView(): Promise<{ inForce: PolicyInForce | null; view: PolicyInView }> {
  try {
    const inForce = await loadPolicy();
    const files = inForce.files.map(({ path }) => path);
    return { inForce, view: { files, policy: strictest(inForce), insecure: insecure(inForce), error: null } };
  } catch (thrown) {
    return { inForce: null, view: { files: [], policy: null, insecure: [], error: VeilError.from(thrown).toBody().error } };
  }
}

const configured = (): NamedServer[] =>
  configuredDestinations().map(destination => ({ destination, models: [], source: 'servers.json' }));

function allowed({ policy }: PolicyInView): NamedServer[] {
  const destinations = policy && policy.destinations !== 'any' ? policy.destinations : [];
  return destinations.map(({ url, models = [] }) => ({ destination: url, models, source: 'policy' }));
}

/** Newest first. */
function seen(): NamedServer[] {
  const { departures } = viewLedger(ledgerFolder(), DEPARTURES);
  return departures
    .map(({ departed: { time, departure } }): NamedServer => {
      const { destination, server_model: model } = departure;
      return { destination, models: [model], source: 'ledger', last: time };
    })
    .reverse();
}

function attempt(look: () => NamedServer[], notes: string[]): NamedServer[] {
  try {
    return look();
  } catch (thrown) {
    notes.push(VeilError.from(thrown).line);
    return [];
  }
}

function plain(destination: string): string | null {
  try {
    return destinationOf(parseDestination(destination));
  } catch {
    return null;
  }
}

const later = (one: string | null, other: string | null): string | null =>
  one === null || (other !== null && other > one) ? other : one;
