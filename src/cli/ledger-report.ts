import { type ReceiptVerdict } from '../egress/ledger';
import { type Arrival, type Departure, type LedgerView, type Verdict } from '../protocol';
import { bytes } from './workspace-report';

/** A line for each departure, oldest first. */
export function departureTable({ folder, departures }: LedgerView): string {
  if (departures.length === 0) {
    return `Nothing is recorded in ${folder}.`;
  }
  return departures
    .map(({ departed: { sequence, time, departure }, settled }) => {
      const { destination, server_model: model } = departure;
      const outcome = settled ? settled.arrival.outcome : 'not settled';
      return `${String(sequence).padStart(8)}  ${time.slice(0, 19)}Z  ${protection(departure).padEnd(12)}${bytes(departure.bytes).padStart(8)}  ${outcome.padEnd(11)}  ${destination} ${model}`;
    })
    .join('\n');
}

function protection({ clean, private: secret, alpha, looks }: Departure): string {
  if (clean) {
    return 'CLEAN';
  }
  const look = looks && looks.count > 1 ? ` look ${looks.count}` : '';
  return secret ? `ALPHA ${alpha}${look}` : 'SEEDED';
}

export function describeVerdict({
  ok,
  entries,
  departed,
  clean,
  settled,
  unsettled,
  bytes: sent,
  head,
  findings
}: Verdict): string {
  const counts = `${entries} ${entries === 1 ? 'entry' : 'entries'}: ${departed} tensors left (${bytes(sent)}, ${clean} of them clean), ${settled} settled`;
  const open = unsettled.length > 0 ? `, ${unsettled.length} not: ${unsettled.slice(0, 10).join(', ')}` : '';
  return [
    ok ? `The ledger is whole. ${counts}${open}.` : `The ledger was changed. Up to there: ${counts}${open}.`,
    ...findings.map(({ file, line, what }) => `${file}${line === null ? '' : `, line ${line}`}: ${what}`),
    ...(head ? [`head ${head.sequence} ${head.hash}`] : [])
  ].join('\n');
}

/** @param compared whether its head was held against a published one */
export function describeReceipt(verdict: ReceiptVerdict, compared: boolean): string {
  const { ok, sequence, time, departure, arrival, head, findings } = verdict;
  if (!departure || !head) {
    return findings.join('\n');
  }
  const { model, artefact_sha256: artefact, tensor_sha256: tensor } = departure;
  return [
    ok ? 'The receipt proves its entry against its head.' : 'The receipt does not prove what it says.',
    ...findings,
    ...[
      ['entry', `${sequence}, ${time}`],
      ['recipient', `${departure.destination} ${departure.server_model}`],
      [
        'protection',
        departure.clean ? 'none: a clean activation' : `${protection(departure)}, look ${departure.looks?.count ?? 'not counted'}`
      ],
      ['tensor', `${tensor}, ${departure.bytes} bytes`],
      ['artefact', artefact ?? 'none'],
      ['model', `${model.name}, head ${model.head_sha256}, tail ${model.tail_sha256}`],
      ['reply', replyOf(arrival)],
      ['head', `${head.sequence} ${head.hash}`]
    ].map(([name, value]) => `${name.padEnd(12)}${value}`),
    ...(compared ? [] : ['Compare the head with the published one, or give it: --head HASH.'])
  ].join('\n');
}

function replyOf(arrival: Arrival | null): string {
  return arrival
    ? `${arrival.outcome}${arrival.reply_sha256 ? `, ${arrival.reply_sha256}` : ''}`
    : 'not settled when the receipt was made';
}
