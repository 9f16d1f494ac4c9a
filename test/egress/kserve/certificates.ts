import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** What a certificate is issued for; dates decide whether it has expired. */
export interface Subject {
  names?: string[];
  /** Addresses of IP version 4. */
  addresses?: string[];
  from?: Date;
  to?: Date;
}

export interface Issued {
  /** PEM */
  cert: string;
  /** PEM */
  key: string;
}

const DAY = 86_400_000;

/** An authority for tests (X.509, RFC 5280; P-256), and certificates that it signs. */
export class Authority {
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  private serial = 0;
  /** PEM of its own certificate. */
  readonly ca: string;

  constructor(private readonly name = 'authority for tests') {
    this.ca = this.certificate(name, this.pair.publicKey, extension('551d13', true, sequence(der(0x01, [0xff]))), {});
  }

  issue(subject: Subject): Issued {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const names = (subject.names ?? []).map(each => der(0x82, Buffer.from(each)));
    const addresses = (subject.addresses ?? []).map(each => der(0x87, each.split('.').map(Number)));
    const alternatives = extension('551d11', false, sequence(...names, ...addresses));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { cert: this.certificate('server for tests', publicKey, alternatives, subject), key };
  }

  private certificate(subject: string, key: KeyObject, extensions: Buffer, { from, to }: Subject): string {
    const algorithm = sequence(oid('2a8648ce3d040302'));
    const body = sequence(
      der(0xa0, integer(2)),
      integer(++this.serial),
      algorithm,
      nameOf(this.name),
      sequence(time(from ?? new Date(Date.now() - DAY)), time(to ?? new Date(Date.now() + DAY))),
      nameOf(subject),
      key.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extensions))
    );
    const signature = sign('sha256', body, this.pair.privateKey);
    const whole = sequence(body, algorithm, der(0x03, [0], signature)).toString('base64');
    return `-----BEGIN CERTIFICATE-----\n${whole.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

/** Tag, length, value (X.690). */
function der(tag: number, ...parts: (readonly number[] | Buffer)[]): Buffer {
  const value = Buffer.concat(parts.map(part => Buffer.from(part)));
  const length = value.length < 128 ? [value.length] : [0x82, value.length >> 8, value.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
/** Up to 127. */
const integer = (value: number) => der(0x02, [value]);
const time = (date: Date) => der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

function nameOf(common: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(common)))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, [0xff])] : []), der(0x04, value));
}
