import { Value } from '@sinclair/typebox/value';
import { Departure, type Policy, type PolicyDestination, VeilError } from '../../protocol';
import { destinationOf, parseDestination, type Destination } from './destination';
import { BUILT_IN, type PolicyInForce } from './files';

/** What the caller said for this one call. */
export interface CallFlags {
  /** `--allow-clean-egress`. */
  allow_clean_egress?: boolean;
}

/**
 * Whether a tensor may leave: it must pass every file. Strict where something is not known: what a rule needs and the
 * departure does not say fails that rule.
 * @param departure `looks` counts this departure too
 * @throws VeilError `egress_refused` with the rule and the file that holds it
 */
export function judge({ files }: PolicyInForce, departure: Departure, flags: CallFlags = {}): void {
  if (!Value.Check(Departure, departure)) {
    throw refused('what would leave is not described in full', null);
  }
  checkObfuscation(departure);
  const destination = readDestination(departure.destination);
  const judges = files.length > 0 ? files : [{ path: null, policy: BUILT_IN }];
  for (const { path, policy } of judges) {
    const broken = brokenRule(policy, departure, destination, flags);
    if (broken) {
      throw refused(broken, path);
    }
  }
}

/** What calls itself obfuscated has an artefact and an ALPHA, under any policy. */
function checkObfuscation({ clean, artefact_sha256, alpha }: Departure): void {
  if (!clean && (artefact_sha256 === null || !(alpha !== null && alpha > 0 && alpha < 1))) {
    throw refused('it is called obfuscated and names no artefact or no ALPHA between 0 and 1', null);
  }
}

function readDestination(text: string): Destination {
  try {
    return parseDestination(text);
  } catch (error) {
    throw refused(VeilError.from(error).message.replace(/\.$/, ''), null);
  }
}

/** The rule that does not hold, in words; null when all do. */
function brokenRule(policy: Policy, departure: Departure, destination: Destination, flags: CallFlags): string | null {
  const { model, server_model: serverModel, artefact_sha256: artefact } = departure;
  const unnamed = brokenForDestination(policy, destination, serverModel);
  if (unnamed) {
    return unnamed;
  }
  if (policy.model_sha256 && !policy.model_sha256.includes(model.head_sha256)) {
    return `model_sha256 does not name the head of ${JSON.stringify(model.name)} (${model.head_sha256.slice(0, 12)}…)`;
  }
  // Noise that can be made again can be taken away again.
  if (departure.clean || !departure.private) {
    return brokenForClean(policy, departure, flags);
  }
  if (policy.artefact_sha256 && !policy.artefact_sha256.includes(artefact!)) {
    return `artefact_sha256 does not name the artefact in use (${artefact!.slice(0, 12)}…)`;
  }
  if (!(departure.alpha! >= policy.minimum_alpha)) {
    return `minimum_alpha is ${policy.minimum_alpha}, and this has ALPHA ${departure.alpha}`;
  }
  return policy.looks ? brokenLooks(policy.looks, departure.looks) : null;
}

/** The same of what concerns the server and its model alone. */
function brokenForDestination({ tls, destinations }: Policy, destination: Destination, serverModel: string): string | null {
  const to = destinationOf(destination);
  if (tls === 'required' && !destination.tls) {
    return `tls is required and ${to} has none`;
  }
  if (destinations === 'any') {
    return null;
  }
  const servers = destinations.filter(each => isAt(each, destination));
  if (servers.length === 0) {
    return `destinations does not name ${to}`;
  }
  return servers.some(({ models }) => !models || models.includes(serverModel))
    ? null
    : `destinations does not name model ${JSON.stringify(serverModel)} at ${to}`;
}

/** The rule by which nothing may leave for this model of a server, whatever it is, in words with its file; null: none does. */
export function refusalOf({ files }: PolicyInForce, destination: Destination, serverModel: string): string | null {
  for (const { path, policy } of files) {
    const broken = brokenForDestination(policy, destination, serverModel);
    if (broken) {
      return `${path}: ${broken}`;
    }
  }
  return null;
}

function brokenForClean(policy: Policy, { clean }: Departure, { allow_clean_egress: allowed }: CallFlags): string | null {
  const what = clean ? 'a clean activation' : 'noise that can be made again (an insecure seed)';
  if (policy.clean_egress === 'never') {
    return `clean_egress is never, and this is ${what}`;
  }
  return allowed === true ? null : `clean_egress needs --allow-clean-egress for this call, as this is ${what}`;
}

function brokenLooks({ most, least_alpha_k: least }: NonNullable<Policy['looks']>, looks: Departure['looks']): string | null {
  if (!looks) {
    return 'looks are limited, and those at this source were not counted';
  }
  if (most !== undefined && !(looks.count <= most)) {
    return `looks.most is ${most}, and this would be look ${looks.count} at its source`;
  }
  if (least !== undefined && !(looks.alpha_k !== null && looks.alpha_k >= least)) {
    return `looks.least_alpha_k is ${least}, and ALPHA of ${looks.count} looks together is ${looks.alpha_k ?? 'not measured'}`;
  }
  return null;
}

/** Same scheme, TLS, host and port, however they are spelled. */
export const isAt = ({ url }: PolicyDestination, destination: Destination): boolean =>
  destinationOf(parseDestination(url)) === destinationOf(destination);

const refused = (rule: string, path: string | null): VeilError =>
  new VeilError(
    'egress_refused',
    `Refused by ${path ?? 'the built-in rules'}: ${rule}. Nothing was sent.`,
    path ? 'Ask who reviews that file.' : 'See veilbook policy show.'
  );
