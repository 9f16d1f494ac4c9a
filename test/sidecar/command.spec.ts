import { veilbook, withStateDir } from './processes';
import { isAlive } from '../../src/sidecar/launch';
import { removeStateDirs } from './harness';
import type { LogTail, PanelStatus } from '../../src/protocol';

jest.setTimeout(90_000);
afterAll(removeStateDirs);

it('veilbook sidecar starts, shows, logs and stops', () =>
  withStateDir(async stateDir => {
    const run = (...args: string[]) => veilbook('sidecar', ...args, '--state-dir', stateDir);

    expect(await run('status')).toEqual({ code: 5, stdout: 'sidecar   not running\n', stderr: '' });
    expect(JSON.parse((await run('status', '--json')).stdout)).toEqual({ state: 'stopped' });
    expect(await run('log')).toEqual({ code: 0, stdout: '\n', stderr: '' });

    const started = await run('start');
    expect(started.code).toBe(0);
    expect(started.stdout).toMatch(/^sidecar {3}running, pid \d+, 1 client, up \d+ s, version [\d.]+\ndevices {3}cpu /);
    expect(started.stdout).toMatch(/^model {5}faceboxes \(bundled, 1\.0 M parameters\) {3}artefact calibrated, ALPHA /m);

    const again = JSON.parse((await run('start', '--json')).stdout) as PanelStatus & { state: 'running' };
    const { pid } = again.status.hello;
    expect(started.stdout).toContain(`pid ${pid},`);
    expect((await run('status')).code).toBe(0);

    const { lines } = JSON.parse((await run('log', '--json', '--lines', '1')).stdout) as LogTail;
    expect(lines).toEqual([expect.stringContaining(`started pid=${pid}`)]);
    expect((await run('log', '--lines', '0')).code).toBe(2);

    expect(await run('stop')).toEqual({ code: 0, stdout: `sidecar   stopped, was pid ${pid}\n`, stderr: '' });
    expect(isAlive(pid)).toBe(false);
    expect(await run('stop')).toEqual({ code: 0, stdout: 'sidecar   not running\n', stderr: '' });
  }));
