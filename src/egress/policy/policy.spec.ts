import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { departureOf } from '../../../test/support/departures';
import { type Policy, VeilError } from '../../protocol';
import { destinationOf, parseDestination } from './destination';
import { loadPolicy, parsePolicy } from './files';
import { insecure } from './insecure';
import { judge } from './judge';
import { networkPolicy } from './network';
import { strictest } from './strictest';

const TEXT = `
schema: 1
minimum_alpha: 0.4
destinations:
  - url: tritons://inference.example:8000
    models: [face_detection_noisy]
    pods: {namespace: inference, labels: {app: triton}}
clean_egress: never
tls: required
`;
const of = (...policies: Partial<Policy>[]) => ({
  files: policies.map((each, n) => ({ path: `/${n}.yaml`, policy: { ...parsePolicy(TEXT, ''), ...each }, writable: false }))
});
const complaint = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return VeilError.from(error).line;
  }
  return '';
};

let top: string;
beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'veilbook-policy-'))));
afterEach(() => rmSync(top, { recursive: true }));

describe('A policy file', () => {
  it.each<[string, string, string]>([
    ['an unknown key', `${TEXT}minimum_alfa: 0.8\n`, '"minimum_alfa" is no key of a policy'],
    ['a missing key', TEXT.replace('tls: required', ''), 'tls is missing'],
    ['a key twice', `${TEXT}tls: where given\n`, 'line 10: Map keys must be unique'],
    ['another word', TEXT.replace('never', 'sometimes'), 'clean_egress: it must be "never" or "by flag", not "sometimes"'],
    ['a number as text', TEXT.replace('0.4', '"0.4"'), 'minimum_alpha: Expected number, not "0.4"'],
    ['a number that is none', TEXT.replace('0.4', '.nan'), 'minimum_alpha: '],
    ['ALPHA above 1', TEXT.replace('0.4', '4'), 'minimum_alpha: Expected number to be less or equal to 1, not 4'],
    [
      'a destination that cannot be read',
      TEXT.replace('inference.example', 'inference.example.'),
      'destinations: "tritons://inference.example.:8000"'
    ],
    ['a destination without url', TEXT.replace('url:', 'uri:'), 'destinations: each is an object with url'],
    ['aliases', `${TEXT}model_sha256: &a []\nartefact_sha256: *a\n`, 'it has aliases'],
    ['a tag', TEXT.replace('0.4', '!!js/function 0.4'), 'line 3: Unresolved tag'],
    ['two documents', `${TEXT}---\n${TEXT}`, 'it holds more than one document'],
    ['another schema', TEXT.replace('schema: 1', 'schema: 2'), 'schema: '],
    ['a list', '- 1', 'it is no list of keys and values'],
    ['no YAML', 'a: [', 'line 1: ']
  ])('with %s is refused in one line that names it', (_, text, what) => {
    const line = complaint(() => parsePolicy(text, '/etc/veilbook/policy.yaml'));
    expect(line).toContain(`/etc/veilbook/policy.yaml is no policy that can be followed: ${what}`);
    expect(line).toContain('Nothing may leave.');
    expect(line).not.toContain('\n');
  });

  it('may be JSON', () => {
    const policy = parsePolicy(TEXT, '');
    expect(parsePolicy(JSON.stringify(policy), '')).toEqual(policy);
  });

  it('is one of all that are found, as a ConfigMap mounts them too', async () => {
    mkdirSync(join(top, 'policy.d/..2026'), { recursive: true });
    writeFileSync(join(top, 'policy.yaml'), TEXT);
    writeFileSync(join(top, 'policy.json'), JSON.stringify(parsePolicy(TEXT, '')));
    writeFileSync(join(top, 'policy.d/team.yaml'), TEXT.replace('0.4', '0.9'));
    const inForce = await loadPolicy({}, top);
    expect(inForce.files).toHaveLength(3);
    expect(strictest(inForce).minimum_alpha).toBe(0.9);
  });

  it.each(['policy.yml', 'policy.YAML', 'policy.d/team.yml', 'policy.d/README'])(
    'called %s is refused rather than left out',
    async name => {
      mkdirSync(join(top, 'policy.d'));
      writeFileSync(join(top, name), TEXT);
      await expect(loadPolicy({}, top)).rejects.toMatchObject({ code: 'egress_refused' });
    }
  );

  const unlessRoot = process.geteuid?.() === 0 ? it.skip : it;
  unlessRoot('that cannot be read lets nothing leave', async () => {
    writeFileSync(join(top, 'policy.yaml'), TEXT);
    chmodSync(join(top, 'policy.yaml'), 0);
    await expect(loadPolicy({}, top)).rejects.toMatchObject({ code: 'egress_refused' });
  });
});

describe('Several policies', () => {
  it('are shown as the strictest of each rule', () => {
    const hash = (digit: string) => digit.repeat(64);
    const merged = strictest(
      of(
        { minimum_alpha: 0.2, looks: { most: 3 }, model_sha256: [hash('1'), hash('2')], clean_egress: 'by flag' },
        { minimum_alpha: 0.6, looks: { most: 9, least_alpha_k: 0.3 }, tls: 'where given', destinations: 'any' },
        {
          model_sha256: [hash('2')],
          artefact_sha256: [],
          destinations: [{ url: 'tritons://INFERENCE.example', models: ['face_detection_noisy', 'x'] }]
        }
      )
    );
    expect(merged).toMatchObject({
      minimum_alpha: 0.6,
      looks: { most: 3, least_alpha_k: 0.3 },
      model_sha256: [hash('2')],
      artefact_sha256: [],
      clean_egress: 'never',
      tls: 'required',
      destinations: [{ models: ['face_detection_noisy'] }]
    });
    expect(strictest(of({}, { destinations: [{ url: 'tritons://elsewhere.example' }] })).destinations).toEqual([]);
  });

  it('refuse by the one that is broken', () => {
    const inForce = of({}, { minimum_alpha: 0.9 });
    expect(complaint(() => judge(inForce, departureOf()))).toBe(
      'Refused by /1.yaml: minimum_alpha is 0.9, and this has ALPHA 0.8. Nothing was sent. Ask who reviews that file.'
    );
    expect(() => judge(of({}, {}), departureOf())).not.toThrow();
  });
});

describe('Without a policy', () => {
  const none = { files: [] };
  it('what is obfuscated may leave, what is not needs the flag of that call', () => {
    judge(none, departureOf(0, { alpha: 0.05, destination: 'triton://localhost:8000' }));
    const clean = departureOf(0, { clean: true, artefact_sha256: null, alpha: null, looks: null });
    expect(() => judge(none, clean)).toThrow('clean_egress needs --allow-clean-egress');
    expect(() => judge(none, departureOf(0, { private: false }))).toThrow('noise that can be made again');
    judge(none, clean, { allow_clean_egress: true });
  });

  it('every weakness is listed', () => {
    expect(insecure(none)).toHaveLength(8);
    expect(insecure(of({ looks: { most: 1 }, model_sha256: [], artefact_sha256: [] }))).toEqual([]);
  });
});

describe('A destination', () => {
  it.each([
    ['triton://Host', 'triton://host:8000'],
    ['tritons+grpc://a_b-c.example', 'tritons+grpc://a_b-c.example:8001'],
    ['triton://10.0.0.7:1', 'triton://10.0.0.7:1'],
    ['triton://[::FFFF:10.0.0.7]:80/', 'triton://10.0.0.7:80'],
    ['triton://[0:0:0:0:0:0:0:1]', 'triton://[::1]:8000']
  ])('%s is %s', (text, plain) => {
    expect(destinationOf(parseDestination(text))).toBe(plain);
    expect(destinationOf(parseDestination(plain))).toBe(plain);
  });
});

describe('A NetworkPolicy', () => {
  it('lets pods reach the destinations and names, and tells what it cannot hold', () => {
    const destinations = [
      ...(parsePolicy(TEXT, '').destinations as object[]),
      { url: 'tritons://10.0.0.7:8443' },
      { url: 'tritons://far.example:8000', cidr: ['192.0.2.0/28'] },
      { url: 'tritons://unknown.example' }
    ] as Policy['destinations'];
    const { manifest, notices } = networkPolicy(of({ destinations }), { namespace: 'data', selector: { app: 'notebook' } });
    expect(manifest).toMatchObject({
      kind: 'NetworkPolicy',
      metadata: { namespace: 'data' },
      spec: {
        podSelector: { matchLabels: { app: 'notebook' } },
        policyTypes: ['Egress'],
        egress: [
          {
            ports: [
              { protocol: 'UDP', port: 53 },
              { protocol: 'TCP', port: 53 }
            ]
          },
          {
            to: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'inference' } },
                podSelector: { matchLabels: { app: 'triton' } }
              }
            ],
            ports: [{ protocol: 'TCP', port: 8000 }]
          },
          { to: [{ ipBlock: { cidr: '10.0.0.7/32' } }], ports: [{ port: 8443 }] },
          { to: [{ ipBlock: { cidr: '192.0.2.0/28' } }], ports: [{ port: 8000 }] }
        ]
      }
    });
    expect(notices).toEqual([expect.stringContaining('tritons://unknown.example is left out')]);
  });

  it('cannot be made where any destination is allowed', () => {
    expect(() => networkPolicy({ files: [] }, { namespace: 'data', selector: {} })).toThrow('any destination');
  });
});
