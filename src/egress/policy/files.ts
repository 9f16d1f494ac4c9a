import { Value } from '@sinclair/typebox/value';
import { accessSync, closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parseDocument } from 'yaml';
import { Policy, VeilError } from '../../protocol';
import { parseDestination } from './destination';

/** A reviewer's file. */
export interface PolicyFile {
  path: string;
  policy: Policy;
  /** The user of this process could change or replace it. */
  writable: boolean;
}

/** All of them hold: a departure must pass every file. None: the built-in rules hold. */
export interface PolicyInForce {
  files: PolicyFile[];
}

/** Where reviewers put policies. No variable moves it: whoever starts the sidecar must not choose what it looks for. */
const ETC = '/etc/veilbook';
const LARGEST = 1 << 20;

/** Rules where no reviewer gave any: one user who decides alone. A clean activation still needs the flag of that one call. */
export const BUILT_IN: Policy = {
  schema: 1,
  minimum_alpha: 0,
  destinations: 'any',
  clean_egress: 'by flag',
  tls: 'where given'
};

/**
 * Read every policy: `policy.yaml`, `policy.json` and all files of `policy.d` (where a ConfigMap is mounted) in /etc/veilbook,
 * and the file that `VEILBOOK_POLICY` names, which can only add rules.
 * @param etc the folder of the reviewer, in tests
 * @throws VeilError `egress_refused` when one of them cannot be read or is no policy: then nothing leaves
 */
export async function loadPolicy(env: NodeJS.ProcessEnv = process.env, etc = ETC): Promise<PolicyInForce> {
  const paths = [...namesIn(etc, name => /^policy\.(ya?ml|json)$/i.test(name)), ...namesIn(join(etc, 'policy.d'), isVisible)];
  const { VEILBOOK_POLICY: more } = env;
  if (more) {
    if (!isAbsolute(more)) {
      throw unusable('The path in VEILBOOK_POLICY', 'it is not absolute');
    }
    paths.push(more);
  }
  return { files: paths.map(readPolicy) };
}

/** A mounted ConfigMap has hidden folders beside the names that lead into them. */
const isVisible = (name: string): boolean => !name.startsWith('.');

function namesIn(dir: string, wanted: (name: string) => boolean): string[] {
  try {
    return readdirSync(dir)
      .filter(wanted)
      .sort()
      .map(name => join(dir, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return [];
    }
    throw unusable(dir, `it cannot be read (${code})`);
  }
}

/**
 * One policy, as YAML 1.2 or JSON.
 * @throws VeilError `egress_refused` with the file and what is wrong in it
 */
export function readPolicy(path: string): PolicyFile {
  if (!/\.(yaml|json)$/.test(path)) {
    throw unusable(path, 'its name ends in neither .yaml nor .json');
  }
  let text: string;
  try {
    text = contentOf(path);
  } catch (error) {
    throw error instanceof VeilError ? error : unusable(path, `it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return { path, policy: parsePolicy(text, path), writable: [path, dirname(path), dirname(realpathSync(path))].some(isWritable) };
}

function contentOf(path: string): string {
  // A pipe would hold the start up until somebody writes into it.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const about = fstatSync(descriptor);
    if (!about.isFile() || about.size > LARGEST) {
      throw unusable(path, about.isFile() ? 'it is larger than 1 MiB' : 'it is no file');
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

/** @throws VeilError `egress_refused` */
export function parsePolicy(text: string, path: string): Policy {
  const document = parseDocument(text, { schema: 'core', strict: true, uniqueKeys: true, prettyErrors: false });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) {
    if (wrong.code === 'MULTIPLE_DOCS') {
      throw unusable(path, 'it holds more than one document');
    }
    const line = text.slice(0, wrong.pos[0]).split('\n').length;
    throw unusable(path, `line ${line}: ${wrong.message.replace(/\s+/g, ' ')}`);
  }
  let value: unknown;
  try {
    // Aliases have no use here and can make a small file large.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw unusable(path, 'it has aliases');
  }
  if (!Value.Check(Policy, value)) {
    throw unusable(path, whatIsWrong(value));
  }
  if (Array.isArray(value.destinations)) {
    for (const { url } of value.destinations) {
      try {
        parseDestination(url);
      } catch (error) {
        throw unusable(path, `destinations: ${JSON.stringify(url)}: ${VeilError.from(error).line}`);
      }
    }
  }
  return value;
}

/** The first thing that a person should mend: an unknown or a missing key before a value. */
function whatIsWrong(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'it is no list of keys and values';
  }
  const { properties } = Policy;
  const unknown = Object.keys(value).find(key => !Object.hasOwn(properties, key));
  if (unknown !== undefined) {
    return `${JSON.stringify(unknown)} is no key of a policy`;
  }
  const missing = (Policy.required ?? []).find(key => !Object.hasOwn(value, key));
  if (missing !== undefined) {
    return `${missing} is missing`;
  }
  const { path, schema, value: found, message } = Value.Errors(Policy, value).First()!;
  const place = path.slice(1).replaceAll('/', '.');
  const words = (schema.anyOf ?? [])
    .map((each: { const?: string }) => each.const)
    .filter((word: string | undefined) => word !== undefined)
    .map((word: string) => JSON.stringify(word));
  const shown = JSON.stringify(found) ?? 'nothing';
  if (place === 'destinations' && Array.isArray(found)) {
    return `destinations: each is an object with url, and may have models, pods and cidr; ${shown.slice(0, 100)} is not`;
  }
  return words.length > 0
    ? `${place}: it must be ${words.join(' or ')}, not ${shown}`
    : `${place}: ${message}, not ${shown.slice(0, 100)}`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const unusable = (path: string, what: string): VeilError =>
  new VeilError(
    'egress_refused',
    `${path} is no policy that can be followed: ${what}. Nothing may leave.`,
    'Mend it, or ask who reviews it.'
  );
