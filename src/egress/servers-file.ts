import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { VeilError } from '../protocol';
import type { ConnectionOptions } from './kserve';

const exactly = { additionalProperties: false };
const File = Type.String({ pattern: '^/', description: 'absolute path of a PEM file' });

/** What the connections of one destination need, by `scheme://host:port`. */
export const ServersFile = Type.Record(
  Type.String(),
  Type.Object(
    {
      headers: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'such as Authorization' })),
      ca: Type.Optional(File),
      cert: Type.Optional(File),
      key: Type.Optional(File),
      deadline_ms: Type.Optional(Type.Integer({ minimum: 1 })),
      connect_ms: Type.Optional(Type.Integer({ minimum: 1 }))
    },
    exactly
  )
);
export type ServersFile = Static<typeof ServersFile>;

/** `$VEILBOOK_SERVERS`, or servers.json in the user's configuration. */
export function serversPath(env: NodeJS.ProcessEnv = process.env): string {
  const { VEILBOOK_SERVERS: named, XDG_CONFIG_HOME: config } = env;
  const home = config && isAbsolute(config) ? config : join(env.HOME || homedir(), '.config');
  return named || join(home, 'veilbook', 'servers.json');
}

/**
 * How this destination is connected to; nothing special where the file, or its entry, is not there.
 * @throws VeilError `bad_request` for a file that others can read, or that is none: no message repeats what is in it
 */
export function connectionFor(destination: string, path = serversPath()): ConnectionOptions {
  const entry = readServers(path)[destination];
  if (!entry) {
    return {};
  }
  const { headers, ca, cert, key, deadline_ms: deadlineMs, connect_ms: connectMs } = entry;
  return {
    ...(headers && { headers }),
    ...(ca && { ca: pem(ca, path) }),
    ...(cert && { cert: pem(cert, path) }),
    ...(key && { key: pem(key, path) }),
    ...(deadlineMs && { deadlineMs }),
    ...(connectMs && { connectMs })
  };
}

/** The destinations that the file names, as it writes them. @throws VeilError as `connectionFor` */
export const configuredDestinations = (path = serversPath()): string[] => Object.keys(readServers(path));

function readServers(path: string): ServersFile {
  let text: string;
  try {
    // Tokens lie in it.
    if ((statSync(path).mode & 0o077) !== 0) {
      throw bad(`Others than its owner can use ${path}, where tokens lie.`, `Run chmod 600 ${path}.`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return {};
    }
    throw error instanceof VeilError ? error : bad(`${path} cannot be read (${code}).`, 'Mend it, or remove it.');
  }
  const value = parsed(text);
  if (!Value.Check(ServersFile, value)) {
    const place = Value.Errors(ServersFile, value).First()?.path || 'its start';
    throw bad(`${path} is no list of servers: see ${place}.`, 'docs/triton.md shows one.');
  }
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pem(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw bad(`${file}, which ${path} names, cannot be read (${(error as NodeJS.ErrnoException).code}).`, 'Correct the path.');
  }
}

const bad = (what: string, remedy: string): VeilError => new VeilError('bad_request', `${what} Nothing was sent.`, remedy);
