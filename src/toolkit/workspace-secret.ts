import { type V1Secret } from '@kubernetes/client-node';
import { createHash, randomBytes } from 'node:crypto';
import { VeilError } from '../protocol';
import { type Fresh } from '../workspaces/kubernetes/cluster';
import { workspaceLabels } from '../workspaces/kubernetes/names';
import { workspaceObjectName } from './workspace-manifest';

const SHORTEST = 8;

/** How somebody enters a workspace. */
export type Entrance = { password: string } | { token: string };

/** 256 random bits: nothing to guess, and nothing to stretch. */
export const newToken = (): string => randomBytes(32).toString('hex');

/**
 * The Secret with the server's settings. A password is kept as Jupyter checks it (jupyter_server.auth.security.passwd_check): one round of
 * SHA-512 over it and 128 random bits. Whoever reads the Secret can try passwords against it, so a token is the stronger one.
 * @throws VeilError `bad_request` for a password of fewer than 8 characters
 */
export function secretOf(workspace: string, entrance: Entrance): Fresh<V1Secret> {
  return {
    metadata: { name: workspaceObjectName(workspace), labels: workspaceLabels(workspace, 'create-jupyterlab') },
    type: 'Opaque',
    stringData: { 'jupyter_server_config.json': JSON.stringify(settingsOf(entrance)) }
  };
}

export function settingsOf(entrance: Entrance): object {
  if ('token' in entrance) {
    return { IdentityProvider: { token: entrance.token } };
  }
  if (entrance.password.length < SHORTEST) {
    throw new VeilError(
      'bad_request',
      `The password has fewer than ${SHORTEST} characters. Nothing was made.`,
      'Choose a longer one, or --token.'
    );
  }
  return { PasswordIdentityProvider: { hashed_password: hashed(entrance.password) }, IdentityProvider: { token: '' } };
}

function hashed(password: string): string {
  const salt = randomBytes(16).toString('hex');
  return `sha512:${salt}:${createHash('sha512').update(password, 'utf8').update(salt, 'ascii').digest('hex')}`;
}
