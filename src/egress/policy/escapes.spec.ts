import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { departureOf } from '../../../test/support/departures';
import { type Departure, type Policy } from '../../protocol';
import { loadPolicy } from './files';
import { judge, type CallFlags } from './judge';

const usual = departureOf();
const STRICT: Policy = {
  schema: 1,
  minimum_alpha: 0.8,
  looks: { most: 4, least_alpha_k: 0.5 },
  destinations: [
    { url: 'tritons://inference.example:8000', models: ['face_detection_noisy'] },
    { url: 'tritons://[2001:db8::7]:8000' }
  ],
  model_sha256: [usual.model.head_sha256],
  artefact_sha256: [usual.artefact_sha256!],
  clean_egress: 'never',
  tls: 'required'
};
const OPEN: Policy = { schema: 1, minimum_alpha: 0, destinations: 'any', clean_egress: 'by flag', tls: 'where given' };
const WEAK = { alpha: 0.05 };
const CLEAN = { clean: true, artefact_sha256: null, alpha: null, looks: null };

let top: string;
let etc: string;
const here = process.cwd();
const at = (name: string): string => join(top, name);
const write = (name: string, policy: unknown): string => {
  writeFileSync(at(name), stringify(policy));
  return at(name);
};
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'veilbook-policy-'));
  etc = at('etc');
  mkdirSync(etc);
  write('etc/policy.yaml', STRICT);
});
afterEach(() => {
  process.chdir(here);
  rmSync(top, { recursive: true });
});

interface Attempt {
  /** Beside the usual departure, which may leave. */
  departure?: Partial<Departure>;
  flags?: object;
  /** What the notebook prepares; returns its environment. */
  prepare?: () => NodeJS.ProcessEnv | void;
}

const to = (destination: string): Attempt => ({ departure: { destination } });
const ATTEMPTS: Record<string, Attempt> = {
  // What is sent.
  'a smaller ALPHA': { departure: WEAK },
  'an ALPHA a little below': { departure: { alpha: 0.7999999999999999 } },
  'ALPHA that is no number': { departure: { alpha: NaN } },
  'ALPHA as text': { departure: { alpha: '0.8' as never } },
  'ALPHA above 1': { departure: { alpha: 1.5 } },
  'no ALPHA under a noisy name': { departure: { alpha: null } },
  'no artefact under a noisy name': { departure: { artefact_sha256: null } },
  'an artefact of its own': { departure: { artefact_sha256: 'a'.repeat(64) } },
  'an artefact in capitals': { departure: { artefact_sha256: usual.artefact_sha256!.toUpperCase() } },
  'a head of its own': { departure: { model: { ...usual.model, head_sha256: 'b'.repeat(64) } } },
  'a clean activation': { departure: CLEAN },
  'a clean activation with the flag': { departure: CLEAN, flags: { allow_clean_egress: true } },
  'a seed that it knows': { departure: { private: false }, flags: { allow_clean_egress: true } },
  'one look too many': { departure: { looks: { count: 5, alpha_k: 0.6 } } },
  'looks that leave too little': { departure: { looks: { count: 3, alpha_k: 0.4 } } },
  'looks that were not measured': { departure: { looks: { count: 3, alpha_k: null } } },
  'looks that were not counted': { departure: { looks: null } },
  'a count of looks below one': { departure: { looks: { count: -1, alpha_k: 0.8 } } },
  'a key that no rule reads': { departure: { picture: 'data' } as never },
  // Where it goes.
  'another host': to('tritons://elsewhere.example:8000'),
  'no TLS': to('triton://inference.example:8000'),
  'another port': to('tritons://inference.example:8443'),
  'gRPC, which has another port where none is given': to('tritons+grpc://inference.example'),
  'the other protocol at the same port': to('tritons+grpc://inference.example:8000'),
  'another model of the server': { departure: { server_model: 'face_detection_base' } },
  'the model with a path': { departure: { server_model: '../face_detection_noisy' } },
  'the host as a user': to('tritons://inference.example@elsewhere.example:8000'),
  'the host and port as user and password': to('tritons://inference.example:8000@elsewhere.example'),
  'the host as a path': to('tritons://elsewhere.example/inference.example:8000'),
  'the host in the query': to('tritons://elsewhere.example:8000?host=inference.example'),
  'the host behind a backslash': to('tritons://elsewhere.example\\@inference.example:8000'),
  'the host behind a fragment': to('tritons://elsewhere.example#@inference.example:8000'),
  'a host below the host': to('tritons://inference.example.elsewhere.example:8000'),
  'a host that ends alike': to('tritons://notinference.example:8000'),
  'a dot at the end': to('tritons://inference.example.:8000'),
  'a percent-encoded dot': to('tritons://inference%2eexample:8000'),
  'a percent-encoded zero': to('tritons://inference.example%00.elsewhere.example:8000'),
  'a full-width letter': to('tritons://ｉnference.example:8000'),
  'a Cyrillic letter': to('tritons://infеrence.example:8000'),
  'an ideographic full stop': to('tritons://inference。example:8000'),
  'a line feed': to('tritons://inference.example:8000\nHost: elsewhere.example'),
  'a space before': to(' tritons://inference.example:8000'),
  'a port with a zero before': to('tritons://inference.example:08000'),
  'a port beyond the last': to('tritons://inference.example:73536'),
  'an address as one number': to('tritons://2130706433:8000'),
  'an address in hexadecimal': to('tritons://0x7f.1:8000'),
  'an address in short': to('tritons://127.1:8000'),
  'another IPv6 address': to('tritons://[2001:db8::8]:8000'),
  'an IPv6 address with a zone': to('tritons://[2001:db8::7%25eth0]:8000'),
  'an IPv6 address without brackets': to('tritons://2001:db8::7:8000'),
  'a scheme that is none of ours': to('https://inference.example:8000'),
  'where a redirect of the server leads': to('tritons://elsewhere.example:8000/v2/models/face_detection_noisy/infer'),
  // What it starts with.
  'a weaker file that VEILBOOK_POLICY names': {
    departure: WEAK,
    prepare: () => ({ VEILBOOK_POLICY: write('open.yaml', OPEN) })
  },
  'a file that is not there': { prepare: () => ({ VEILBOOK_POLICY: at('none.yaml') }) },
  'a folder for a file': { prepare: () => ({ VEILBOOK_POLICY: etc }) },
  'an empty file': { prepare: () => ({ VEILBOOK_POLICY: write('empty.yaml', null) }) },
  'a device': { prepare: () => ({ VEILBOOK_POLICY: '/dev/null' }) },
  'a pipe': {
    prepare: () => {
      execFileSync('mkfifo', [at('pipe.yaml')]);
      return { VEILBOOK_POLICY: at('pipe.yaml') };
    }
  },
  'a relative path': { prepare: () => ({ VEILBOOK_POLICY: 'policy.yaml' }) },
  'a link that leads nowhere': {
    prepare: () => {
      symlinkSync(at('none'), at('link.yaml'));
      return { VEILBOOK_POLICY: at('link.yaml') };
    }
  },
  'a link to a weaker file': {
    departure: WEAK,
    prepare: () => {
      symlinkSync(write('open.yaml', OPEN), at('link.yaml'));
      return { VEILBOOK_POLICY: at('link.yaml') };
    }
  },
  'variables that name another folder': {
    departure: WEAK,
    prepare: () => {
      mkdirSync(at('veilbook'));
      write('veilbook/policy.yaml', OPEN);
      const dir = at('veilbook');
      return { VEILBOOK_ETC: dir, VEILBOOK_POLICY_DIR: dir, VEILBOOK_CONFIG: dir, XDG_CONFIG_HOME: top, XDG_CONFIG_DIRS: top };
    }
  },
  'a home of its own': {
    departure: WEAK,
    prepare: () => {
      mkdirSync(at('.config/veilbook'), { recursive: true });
      write('.config/veilbook/policy.yaml', OPEN);
      return { HOME: top };
    }
  },
  'a file in the current folder': {
    departure: WEAK,
    prepare: () => {
      write('policy.yaml', OPEN);
      process.chdir(top);
    }
  },
  'an empty variable': { departure: WEAK, prepare: () => ({ VEILBOOK_POLICY: '' }) },
  'the flag as text': {
    departure: CLEAN,
    flags: { allow_clean_egress: 'true' },
    prepare: () => void write('etc/policy.yaml', { ...STRICT, clean_egress: 'by flag' })
  },
  'the flag in the environment': {
    departure: CLEAN,
    prepare: () => {
      write('etc/policy.yaml', { ...STRICT, clean_egress: 'by flag' });
      return { VEILBOOK_ALLOW_CLEAN_EGRESS: '1' };
    }
  },
  'the flag by a prototype': { departure: CLEAN, flags: Object.create({ allow_clean_egress: 1 }) }
};

const attempt = async ({ departure, flags, prepare }: Attempt): Promise<void> => {
  const env = prepare?.() ?? {};
  judge(await loadPolicy(env, etc), { ...usual, ...departure }, flags as CallFlags);
};

it('lets the usual departure leave, however its destination is spelled', async () => {
  await attempt({});
  await attempt(to('TRITONS://Inference.Example:8000'));
  await attempt(to('tritons://inference.example'));
  await attempt(to('tritons://[2001:0DB8:0:0::7]:8000/'));
});

it.each(Object.keys(ATTEMPTS))('is not got around by %s', async name => {
  await expect(attempt(ATTEMPTS[name])).rejects.toMatchObject({
    code: 'egress_refused',
    message: expect.not.stringMatching(/\n/)
  });
});
