import type { TranslationBundle } from '@jupyterlab/translation';
import type { DepartureRow, KnownTail, PolicyInView, TailStatistics } from '../protocol';
import type { ListedTail, TailLook } from './tokens';

/** What the dot of a server shows too. */
export type Health = TailLook['state'] | 'asking' | 'unasked';

export function healthWord(health: Health, trans: TranslationBundle): string {
  switch (health) {
    case 'ready':
      return trans.__('ready');
    case 'unfit':
      return trans.__('does not fit');
    case 'away':
      return trans.__('away');
    case 'refused':
      return trans.__('refused');
    case 'broken':
      return trans.__('cannot be asked');
    case 'asking':
      return trans.__('being asked…');
    case 'unasked':
      return trans.__('not asked');
  }
}

/** `HTTP, no TLS`. */
export function wireOf({ destination }: Pick<KnownTail, 'destination'>, trans: TranslationBundle): string {
  const protocol = destination.includes('+grpc://') ? 'gRPC' : 'HTTP';
  return destination.startsWith('tritons') ? trans.__('%1 with TLS', protocol) : trans.__('%1, no TLS', protocol);
}

export const hostOf = ({ destination }: Pick<KnownTail, 'destination'>): string => destination.replace(/^[a-z+]+:\/\//, '');

const milliseconds = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toString());

/** `1204 inferences · mean 12 ms, 0.3 ms of them in the queue`. */
export function statisticsOf(
  { inferences, request_ms: request, queue_ms: queue, failed }: TailStatistics,
  trans: TranslationBundle
): string {
  const facts = [trans._n('%1 inference', '%1 inferences', inferences)];
  if (request !== null) {
    facts.push(
      queue === null
        ? trans.__('mean %1 ms', milliseconds(request))
        : trans.__('mean %1 ms, %2 ms of it in the queue', milliseconds(request), milliseconds(queue))
    );
  }
  if (failed > 0) {
    facts.push(trans._n('%1 failed', '%1 failed', failed));
  }
  return facts.join(' · ');
}

export function sourcesOf({ sources, added }: ListedTail, trans: TranslationBundle): string {
  const names = {
    'servers.json': 'servers.json',
    policy: trans.__('the policy'),
    ledger: trans.__('the ledger'),
    cluster: trans.__('the cluster')
  };
  const all = [...sources.map(source => names[source]), ...(added ? [trans.__('your settings')] : [])];
  return trans.__('from %1', all.join(', '));
}

/** What reviewers allow, in one line. */
export function policyLine({ files, policy }: PolicyInView, trans: TranslationBundle): string {
  if (!policy || files.length === 0) {
    return trans.__('No file: the built-in rules. What is obfuscated may leave for any server, at any ALPHA.');
  }
  const { destinations, minimum_alpha: least, tls, clean_egress: clean, looks } = policy;
  const facts = [
    destinations === 'any' ? trans.__('any server') : trans._n('%1 server', '%1 servers', destinations.length),
    least > 0 ? trans.__('ALPHA %1 and above', least) : trans.__('any ALPHA'),
    ...(looks?.most === undefined ? [] : [trans._n('%1 look at a source', '%1 looks at a source', looks.most)]),
    tls === 'required' ? trans.__('TLS required') : trans.__('TLS where given'),
    clean === 'never' ? trans.__('clean activations never') : trans.__('clean activations by a flag')
  ];
  return facts.join(' · ');
}

/** What is not as it should be, for a badge; null for what is obfuscated. */
export function warningOf({ protection }: DepartureRow, trans: TranslationBundle): string | null {
  switch (protection) {
    case 'clean':
      return trans.__('clean');
    case 'not private':
      return trans.__('not private');
    case 'obfuscated':
      return null;
  }
}

/** `obfuscated · ALPHA 0.8 · look 2`. */
export function protectionOf({ protection, alpha, looks }: DepartureRow, trans: TranslationBundle): string[] {
  return [
    ...(protection === 'obfuscated' ? [trans.__('obfuscated')] : []),
    ...(alpha === null ? [] : [trans.__('ALPHA %1', alpha)]),
    ...(looks === null ? [] : [trans.__('look %1', looks)])
  ];
}

export function outcomeOf({ outcome }: DepartureRow, trans: TranslationBundle): string {
  switch (outcome) {
    case 'answered':
      return trans.__('answered');
    case 'failed':
      return trans.__('failed');
    case 'unknown':
      return trans.__('outcome unknown');
    case 'not settled':
      return trans.__('not settled yet');
  }
}
