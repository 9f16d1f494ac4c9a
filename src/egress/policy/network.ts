import { isIPv4, isIPv6 } from 'node:net';
import { type PolicyDestination, VeilError } from '../../protocol';
import { parseDestination } from './destination';
import { type PolicyInForce } from './files';
import { strictest } from './strictest';

/** Which pods the rules are for. */
export interface NetworkScope {
  namespace: string;
  /** Labels of the pods; none for all of the namespace. */
  selector: Record<string, string>;
}

export interface NetworkRules {
  /** networking.k8s.io/v1, for kubectl apply. */
  manifest: object;
  /** Destinations that it does not allow, and why. */
  notices: string[];
}

const DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } }
    }
  ],
  ports: ['UDP', 'TCP'].map(protocol => ({ protocol, port: 53 }))
};

/**
 * The policy's destinations as a NetworkPolicy: pods may then reach those, names (DNS), and nothing else. It knows no host
 * names, so a destination needs `pods` or `cidr`, unless its host is an address.
 * @throws VeilError `bad_request` when the policy allows any destination
 */
export function networkPolicy(inForce: PolicyInForce, { namespace, selector }: NetworkScope): NetworkRules {
  const { destinations } = strictest(inForce);
  if (destinations === 'any') {
    throw new VeilError(
      'bad_request',
      'The policy in force allows any destination, so there is no rule to write.',
      'Name destinations.'
    );
  }
  const rules = destinations.map(ruleOf);
  return {
    manifest: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'veilbook-egress', namespace, labels: { 'app.kubernetes.io/managed-by': 'veilbook' } },
      spec: {
        podSelector: Object.keys(selector).length > 0 ? { matchLabels: selector } : {},
        policyTypes: ['Egress'],
        egress: [DNS, ...rules.filter(rule => rule !== null)]
      }
    },
    notices: destinations
      .filter((_, at) => rules[at] === null)
      .map(({ url }) => `${url} is left out: a NetworkPolicy knows no host names. Give that destination pods or cidr.`)
  };
}

function ruleOf(destination: PolicyDestination): object | null {
  const { pods, cidr } = destination;
  const { host, port } = parseDestination(destination.url);
  const blocks = cidr ?? (isIPv4(host) ? [`${host}/32`] : isIPv6(host) ? [`${host}/128`] : []);
  const to: object[] = blocks.map(block => ({ ipBlock: { cidr: block } }));
  if (pods) {
    const inNamespace = pods.namespace
      ? { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pods.namespace } } }
      : {};
    to.push({ ...inNamespace, podSelector: { matchLabels: pods.labels } });
  }
  const ports = new Set([...(blocks.length > 0 ? [port] : []), ...(pods ? [pods.port ?? port] : [])]);
  return to.length === 0 ? null : { to, ports: [...ports].map(each => ({ protocol: 'TCP', port: each })) };
}
