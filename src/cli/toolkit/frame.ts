import { type Command, Option } from 'commander';
import { VeilError } from '../../protocol';
import { type Cluster, type Purpose } from '../../toolkit';
import { whole } from '../job-request';
import { print } from '../output';
import { openDisplay } from '../progress';

export type Verb = 'create' | 'clone' | 'delete' | 'list' | 'restore';
/** The commands that entities add their own to. */
export type Verbs = Record<Verb, Command>;

const OUTPUTS = ['table', 'json', 'yaml', 'name'] as const;
export type Output = (typeof OUTPUTS)[number];

/** What every command takes. */
export interface Common {
  namespace: string;
  output?: Output;
  json?: boolean;
  quiet?: boolean;
}

/** What every command takes that makes something. */
export interface Making extends Common {
  dryRun?: 'client' | 'server';
  wait?: boolean;
  timeout?: number;
}

/** @param examples each a line of the help */
export function entity(
  verb: Command,
  name: string,
  aliases: readonly string[],
  description: string,
  examples: string[]
): Command {
  return verb
    .command(name)
    .aliases(aliases)
    .description(description)
    .option('-n, --namespace <namespace>', 'where it is', 'default')
    .addOption(new Option('--output <format>', 'how to print what comes of it').choices(OUTPUTS))
    .addOption(new Option('--json', 'the same as --output json').conflicts('output'))
    .option('--quiet', 'no progress and no notices; what was asked to be printed is printed')
    .addHelpText('after', `\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map(one => `  veilbook ${one}`).join('\n')}`);
}

export const withTimeout = (command: Command): Command =>
  command.addOption(new Option('--timeout <seconds>', 'how long to wait at most').argParser(whole(1)));

export const withWaiting = (command: Command): Command =>
  withTimeout(
    command.option('--wait', 'until it is done (default)').option('--no-wait', 'return as soon as the cluster has taken it')
  );

export const withMaking = (command: Command): Command =>
  withWaiting(command).addOption(
    new Option(
      '--dry-run [where]',
      'make nothing and print what would be made; server: the cluster is asked whether it would take it'
    )
      .choices(['client', 'server'])
      .preset('client')
  );

/** What every command takes that removes something. */
export interface Removing extends Common {
  force?: boolean;
  dryRun?: boolean;
  wait?: boolean;
  timeout?: number;
}

export const withRemoving = (command: Command): Command =>
  withWaiting(command).option('-f, --force', 'do not ask').option('--dry-run', 'remove nothing and print what would be removed');

export const outputOf = ({ output, json }: Common): Output | undefined => (json ? 'json' : output);

/** @throws VeilError `cluster_unavailable` where no kubeconfig says which cluster */
export const open = async ({ namespace }: Common, purpose: Purpose): Promise<Cluster> =>
  (await import('../../toolkit')).openToolkit({ namespace }, purpose);

/** What a command has to say, in each of the formats. */
export interface Said {
  /** For a person; without --output that is what is printed. */
  text: string;
  /** Columns and rows as the toolkit prints them; default: the text. */
  table?: string;
  /** KIND/NAME each. */
  names: readonly string[];
  document: object;
}

export async function say(flags: Common, { text, table = text, names, document }: Said): Promise<void> {
  switch (outputOf(flags)) {
    case 'json':
      return print(document);
    case 'yaml':
      return print((await import('../../toolkit')).yamlOf([document]));
    case 'name':
      return names.length === 0 ? undefined : print(names.join('\n'));
    case 'table':
      return print(table);
    default:
      return flags.quiet ? undefined : print(text);
  }
}

/** Print what would be made: YAML for kubectl create -f if nothing else is said. */
export async function sayObjects(flags: Common, objects: readonly object[]): Promise<void> {
  const { yamlOf } = await import('../../toolkit');
  const names = (objects as { kind: string; metadata: { name: string } }[]).map(
    ({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`
  );
  const text = names.map(name => `${name} would be made`).join('\n');
  const output = outputOf(flags) ?? 'yaml';
  if (output === 'yaml') {
    return print(yamlOf(objects));
  }
  return say(
    { ...flags, json: undefined, output },
    { text, names, document: { apiVersion: 'v1', kind: 'List', items: objects } }
  );
}

/** Print what would be removed. */
export function sayRemoval(flags: Common, parts: readonly { kind: string; name: string }[]): Promise<void> {
  const names = parts.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
  const text = names.map(name => `${name} would be removed`).join('\n');
  return say({ ...flags, quiet: false }, { text, names, document: { schema: 1, would_remove: parts } });
}

/** Do something long: reasons for waiting are shown, Ctrl-C asks it to stop, and a second one ends the process. */
export async function watched<T>(
  flags: Common,
  what: string,
  work: (signal: AbortSignal, seen: (reason: string | null) => void) => Promise<T>
): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new VeilError('cancelled', 'Stopped.', ''));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach(signal => process.once(signal, onSignal));
  const line = (reason: string | null) => (reason === null ? `waiting for ${what}` : `waiting for ${what}: ${reason}`);
  const display = openDisplay(process.stderr, { bar: line, line });
  const seen = (reason: string | null) => (flags.quiet ? undefined : display.show(reason));
  try {
    return await work(stop.signal, seen);
  } finally {
    display.close();
    signals.forEach(signal => process.removeListener(signal, onSignal));
  }
}
