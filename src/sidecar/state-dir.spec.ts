import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newStateDir, removeStateDirs } from '../../test/sidecar/harness';
import { openPrivateDir, resolveStateDir } from './state-dir';

afterAll(removeStateDirs);

describe('the state directory', () => {
  it.each([
    [{ VEILBOOK_STATE_DIR: '/a/b', JUPYTER_RUNTIME_DIR: '/r' }, 'linux', '/a/b'],
    [{ VEILBOOK_STATE_DIR: '~/state', HOME: '/no-such-home' }, 'linux', '/no-such-home/state'],
    [{ JUPYTER_RUNTIME_DIR: '/r', JUPYTER_DATA_DIR: '/d' }, 'linux', '/r/veilbook'],
    [{ JUPYTER_DATA_DIR: '/d', XDG_DATA_HOME: '/x' }, 'linux', '/d/runtime/veilbook'],
    [{ XDG_DATA_HOME: '/x', HOME: '/h' }, 'linux', '/x/jupyter/runtime/veilbook'],
    [{ HOME: '/no-such-home' }, 'linux', '/no-such-home/.local/share/jupyter/runtime/veilbook'],
    [{ HOME: '/no-such-home' }, 'darwin', '/no-such-home/Library/Jupyter/runtime/veilbook']
  ] as [NodeJS.ProcessEnv, NodeJS.Platform, string][])('follows %j on %s', (env, platform, expected) => {
    expect(resolveStateDir(env, platform)).toBe(expected);
  });

  it('is made for its owner alone', () => {
    const dir = join(newStateDir(), 'deep', 'state');
    openPrivateDir(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  it('is refused when others may enter it, with the command that closes it', () => {
    const dir = join(newStateDir(), 'open');
    mkdirSync(dir);
    chmodSync(dir, 0o750);
    expect(() => openPrivateDir(dir)).toThrow(
      expect.objectContaining({ code: 'sidecar_unavailable', remedy: `Close it: chmod 700 ${dir}` })
    );
  });

  it('is refused when it cannot be made', () => {
    expect(() => openPrivateDir('/proc/veilbook')).toThrow(/cannot be made/);
  });
});
