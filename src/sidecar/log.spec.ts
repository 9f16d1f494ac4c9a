import { appendFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newStateDir, removeStateDirs } from '../../test/sidecar/harness';
import { openLog, readableLine, readLog } from './log';

afterAll(removeStateDirs);

describe('the log', () => {
  it('is a file of its owner alone and reads as lines', () => {
    const path = join(newStateDir(), 'log');
    openLog(path, 'info').warn({ route: '/v1/detect', status: 400 }, 'refused');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readLog(path, 5)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d warn refused route=\/v1\/detect status=400$/)
    ]);
  });

  it('never holds more than two files, and reads across both', () => {
    const path = join(newStateDir(), 'log');
    const log = openLog(path, 'info', 2000);
    for (let n = 0; n < 200; n++) {
      log.info({ n }, 'line');
    }
    expect(existsSync(`${path}.1`)).toBe(true);
    expect(existsSync(`${path}.2`)).toBe(false);
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThan(4500);
    expect(readLog(path, 40).map(line => line.split(' n=')[1])).toEqual(Array.from({ length: 40 }, (_, n) => String(160 + n)));
  });

  it('keeps lines that a native library wrote', () => {
    const path = join(newStateDir(), 'log');
    appendFileSync(path, 'terminate called without an active exception\n');
    expect(readLog(path, 5)).toEqual(['terminate called without an active exception']);
    expect(readableLine('null')).toBe('null');
  });

  it('is empty before there is a file', () => {
    expect(readLog(join(newStateDir(), 'log'), 5)).toEqual([]);
  });
});
