import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { S3Client } from '@aws-sdk/client-s3';
import { VeilError } from '../protocol';

/** Where buckets are: any server that speaks Amazon's S3. */
export interface Endpoint {
  host: string;
  /** Default: 443, or 80 without TLS. */
  port?: number;
  https: boolean;
  /** Whether the certificate must be for the host and of a known authority. */
  verify: boolean;
  /** Files of PEM certificates of authorities, in addition to the system's. */
  ca?: readonly string[];
  /** What the server calls its region; most know only one. */
  region: string;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Connections to one server at once: objects and parts under way are fewer. */
const SOCKETS = 32;

/** `https://host:port`, for messages and for the client. */
export const urlOf = ({ host, port, https }: Endpoint): string =>
  `${https ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;

/**
 * A client of this server. Each request is tried three times where that is safe. No proxy of the environment is used, no
 * redirect is followed, and no other source of credentials is asked than the one given.
 * @throws VeilError `bad_request` where the certificates cannot be read
 */
export async function connect(endpoint: Endpoint, credentials: Credentials): Promise<S3Client> {
  const { ca, https, verify, region } = endpoint;
  const agent = { keepAlive: true, maxSockets: SOCKETS };
  const httpsAgent = https
    ? new HttpsAgent({ ...agent, rejectUnauthorized: verify, ...(ca !== undefined && { ca: await certificates(ca) }) })
    : undefined;
  return new S3Client({
    endpoint: urlOf(endpoint),
    region,
    credentials,
    // A bucket's name in the host name needs a DNS entry for each bucket, which servers other than Amazon's seldom have.
    forcePathStyle: true,
    maxAttempts: 3,
    // Content-MD5, which this room sends itself, is understood by every server; the client's own default is not.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: 60_000,
      httpAgent: new HttpAgent(agent),
      ...(httpsAgent && { httpsAgent })
    }
  });
}

async function certificates(paths: readonly string[]): Promise<string[]> {
  const read = async (path: string) => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw new VeilError('bad_request', `The certificates of ${path} cannot be read (${reason(error)}).`, 'Name a PEM file.');
    }
  };
  return [...rootCertificates, ...(await Promise.all(paths.map(read)))];
}

/**
 * Keys of a folder with the files `access_key` and `secret_key`, as a Secret of the NetApp toolkit is mounted; without a folder
 * those of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
 * @throws VeilError `unauthorized`
 */
export async function readCredentials(folder?: string): Promise<Credentials> {
  if (folder !== undefined) {
    const [accessKeyId, secretAccessKey] = await Promise.all([keyFile(folder, 'access_key'), keyFile(folder, 'secret_key')]);
    return { accessKeyId, secretAccessKey };
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
  if (!accessKeyId || !secretAccessKey) {
    throw new VeilError(
      'unauthorized',
      'No keys for S3 were given.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a folder with --credentials.'
    );
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

async function keyFile(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  let text: string;
  try {
    // An editor's newline at the end belongs to no key.
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new VeilError('unauthorized', `The key ${path} cannot be read (${reason(error)}).`, 'Check the Secret.');
  }
  if (text === '') {
    throw new VeilError('unauthorized', `The key ${path} is empty.`, 'Check the Secret.');
  }
  return text;
}

const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
