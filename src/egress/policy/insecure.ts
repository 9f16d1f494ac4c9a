import { type PolicyInForce } from './files';
import { strictest } from './strictest';

/** What the policy in force leaves open, a line each, to be said at every start. */
export function insecure(inForce: PolicyInForce): string[] {
  const { files } = inForce;
  const policy = strictest(inForce);
  const lines = files
    .filter(({ writable }) => writable)
    .map(
      ({ path }) =>
        `${path} can be changed by the user of this process: it should belong to another one, or be mounted read-only.`
    );
  const say = (weak: boolean, line: string): void => void (weak && lines.push(line));
  say(files.length === 0, 'No policy is in force (/etc/veilbook/policy.yaml): whoever runs this decides what leaves.');
  say(policy.minimum_alpha === 0, 'minimum_alpha is 0: any ALPHA may leave.');
  say(policy.clean_egress === 'by flag', 'clean_egress is by flag: --allow-clean-egress sends an activation without noise.');
  say(policy.tls === 'where given', 'tls is not required: tensors may travel in the clear.');
  say(policy.destinations === 'any', 'destinations is any: tensors may go to any server.');
  say(!policy.looks, 'looks are not limited: noise averages out over many looks at one source.');
  say(!policy.model_sha256, 'model_sha256 is not given: any head may make what leaves.');
  say(
    !policy.artefact_sha256,
    'artefact_sha256 is not given: any obfuscation may be used, one that was learned on purpose to leak too.'
  );
  return lines;
}
