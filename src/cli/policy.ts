import { Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { insecure, loadPolicy, networkPolicy, readPolicy, strictest, type PolicyInForce } from '../egress/policy';
import { Notices, print } from './output';

const AFTER = `
Policies are read from /etc/veilbook: policy.yaml, policy.json and every file of policy.d, where a ConfigMap is mounted. A file
that VEILBOOK_POLICY names is one more. A departure must pass all of them, so that one more can only be stricter.
Exit codes: 0 done; 2 wrong use; 9 a policy cannot be read or followed: nothing may leave until it is mended.`;

interface Flags {
  json?: boolean;
}

/** `veilbook policy`: what reviewers allow to leave. */
export function policyCommand(): Command {
  const policy = new Command('policy')
    .description('what a reviewer allows to leave: show what is in force, check a file, print a NetworkPolicy')
    .addHelpText('after', AFTER);
  policy
    .command('show')
    .description('print the strictest of all policies in force, and what they leave open')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: Flags) => shown(await loadPolicy(), json));
  policy
    .command('check')
    .description('check a policy before it is put in place (default: those in force)')
    .argument('[file]', 'a .yaml or .json')
    .option('--json', 'print one JSON document')
    .action(async (file: string | undefined, { json }: Flags) =>
      shown(file === undefined ? await loadPolicy() : candidate(file), json)
    );
  policy
    .command('network')
    .description('print a NetworkPolicy for Kubernetes that lets pods reach the destinations of the policies in force, and DNS')
    .option('--file <file>', 'of this policy instead')
    .option('--namespace <namespace>', 'where the pods are', 'default')
    .addOption(new Option('--selector <label=value...>', 'which pods (default: all)').argParser(label).default({}))
    .option('--json', 'print one JSON document')
    .action(network);
  return policy;
}

/** A file that is not in place yet: who may write it where it lies now says nothing. */
const candidate = (file: string): PolicyInForce => ({ files: [{ ...readPolicy(resolve(file)), writable: false }] });

function label(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=\s]+)=([^=\s]*)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new InvalidArgumentError('It must be LABEL=VALUE.');
  }
  return { ...before, [name]: value };
}

function shown(inForce: PolicyInForce, json?: boolean): void {
  const files = inForce.files.map(({ path }) => path);
  const [policy, open] = [strictest(inForce), insecure(inForce)];
  if (json) {
    print({ schema: 1, files, policy, insecure: open });
    return;
  }
  const from = files.length > 0 ? `# ${files.join(', ')}` : '# no file: the built-in rules';
  print([from, stringify(policy).trimEnd(), ...open.map(line => `# open: ${line}`)].join('\n'));
}

async function network({
  file,
  namespace,
  selector,
  json
}: Flags & { file?: string; namespace: string; selector: Record<string, string> }): Promise<void> {
  const inForce = file === undefined ? await loadPolicy() : candidate(file);
  const { manifest, notices } = networkPolicy(inForce, { namespace, selector });
  const lines = new Notices();
  notices.forEach(line => lines.show(line));
  print(json ? manifest : stringify(manifest).trimEnd());
}
