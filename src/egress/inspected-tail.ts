import { VeilError, type ErrorBody, type InspectedTail, type ModelSummary, type TailStatistics } from '../protocol';
import { inspect, type Inspected } from './inspect';
import { destinationOf, parseTailUrl } from './kserve';
import { policyInView } from './known-tails';
import { refusalOf } from './policy';

/** Somebody waits before a panel. */
const WITHIN_MS = 8000;

/**
 * What a server says of a model of its own, held against the loaded model: no tensor is sent, and a server for which nothing may
 * leave is not even asked. One that is away is a state and no error.
 * @param url `TailUrl`
 * @param loaded the model whose tail it would be
 * @throws VeilError `bad_request` for an address, or a servers.json, that cannot be read
 */
export async function inspectTail(url: string, loaded: Pick<ModelSummary, 'name' | 'identity'>): Promise<InspectedTail> {
  const address = parseTailUrl(url);
  const about = { url, destination: destinationOf(address), model: address.model };
  const nothing = { platform: '', versions: [], side: null, alpha: null, statistics: [] };
  const { inForce, view } = await policyInView();
  const rule = inForce && refusalOf(inForce, address, address.model);
  if (!inForce || rule) {
    const message = rule ? `Nothing may leave for it. ${rule}.` : view.error!.message;
    return { ...about, ...nothing, state: 'refused', reason: reason('egress_refused', message, 'Ask who reviews that file.') };
  }
  try {
    const found = await inspect(url, WITHIN_MS);
    const { platform, versions, parameters } = found;
    const unfit = misfit(parameters, loaded);
    return {
      ...{ ...about, platform, versions },
      ...{ side: parameters.side ?? null, alpha: alphaOf(parameters) },
      ...{ state: unfit ? ('unfit' as const) : ('ready' as const), reason: unfit },
      statistics: found.statistics.map(statisticsOf)
    };
  } catch (thrown) {
    const { code, message, remedy } = VeilError.from(thrown);
    if (code === 'bad_request' || code === 'internal') {
      throw thrown;
    }
    const state = code === 'server_mismatch' ? ('unfit' as const) : ('away' as const);
    // Nothing was to come of it: the client's words about a result are for those who sent something.
    return { ...about, ...nothing, state, reason: reason(code, message.replace(' No result was made.', ''), remedy) };
  }
}

const reason = (code: string, message: string, remedy: string): ErrorBody['error'] => ({ code, message, remedy });

/** What the client would refuse before it sends: the parameters of an export that name another model or another artefact. */
function misfit(parameters: Record<string, string>, { name, identity }: Pick<ModelSummary, 'name' | 'identity'>) {
  const again = 'Export it again: veilbook export triton.';
  if (parameters.head_sha256 === undefined || parameters.tail_sha256 === undefined) {
    return reason('server_mismatch', 'It does not say of which model its tail is: no export of Veilbook wrote it.', again);
  }
  if (!identity) {
    return null;
  }
  for (const part of ['head', 'tail'] as const) {
    if (parameters[`${part}_sha256`] !== identity[`${part}_sha256`]) {
      return reason('server_mismatch', `It serves a model whose ${part} is not that of ${name}, which is loaded here.`, again);
    }
  }
  if (parameters.artefact_sha256 !== undefined && parameters.artefact_sha256 !== identity.artefact_sha256) {
    return reason('server_mismatch', `It serves ${name} for another obfuscation than the one that is loaded here.`, again);
  }
  return null;
}

function alphaOf({ alpha }: Record<string, string>): number | null {
  const value = Number(alpha ?? NaN);
  return value > 0 && value < 1 ? value : null;
}

function statisticsOf({
  version,
  inference_count: inferences,
  execution_count: runs,
  inference_stats: { success, fail, queue, compute_infer: model }
}: Inspected['statistics'][number]): TailStatistics {
  const mean = ({ count, ns }: { count: number; ns: number }) => (count > 0 ? ns / count / 1e6 : null);
  return {
    ...{ version, inferences, runs, answered: success.count, failed: fail.count },
    ...{ request_ms: mean(success), queue_ms: mean(queue), model_ms: mean(model) }
  };
}
