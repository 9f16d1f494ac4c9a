/** One authority and what it signs: the API server's and the kubelet's serving certificates, and the API server's card for the kubelet. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from './places.mjs';
import { firstService, nodeName } from './settings.mjs';

const inFolder = name => join(certificates, name);
export const authority = inFolder('authority.crt');
export const serviceAccountKey = inFolder('service-accounts.key');
export const pair = name => ({ certificate: inFolder(`${name}.crt`), key: inFolder(`${name}.key`) });

const openssl = args => execFileSync('openssl', args, { stdio: 'pipe' });
const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '30'];

function sign(name, subject, names) {
  const { certificate, key } = pair(name);
  const alternatives = names.length ? ['-addext', `subjectAltName=${names.join(',')}`] : [];
  const usage = ['-addext', 'extendedKeyUsage=serverAuth,clientAuth', '-addext', 'basicConstraints=critical,CA:FALSE'];
  const signer = ['-CA', authority, '-CAkey', inFolder('authority.key')];
  openssl([...fresh, ...signer, '-subj', subject, ...alternatives, ...usage, '-keyout', key, '-out', certificate]);
}

/** Make all of them, once per cluster. `address` is where the API server and the kubelet listen. */
export function makeCertificates(address) {
  const last = pair('kubelet').certificate;
  if (existsSync(last)) {
    return;
  }
  mkdirSync(certificates, { recursive: true, mode: 0o700 });
  openssl([...fresh, '-subj', '/CN=veilbook test cluster', '-keyout', inFolder('authority.key'), '-out', authority]);
  openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', `${serviceAccountKey}.new`]);
  renameSync(`${serviceAccountKey}.new`, serviceAccountKey);
  const services = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map(name => `DNS:${name}`);
  sign('api', '/CN=kube-apiserver', [...services, `IP:${address}`, 'IP:127.0.0.1', `IP:${firstService}`]);
  sign('api-to-kubelet', '/O=system:masters/CN=kube-apiserver-kubelet-client', []);
  sign('kubelet', `/O=system:nodes/CN=system:node:${nodeName}`, [`DNS:${nodeName}`, `IP:${address}`]);
}

export const authorityData = () => readFileSync(authority).toString('base64');
