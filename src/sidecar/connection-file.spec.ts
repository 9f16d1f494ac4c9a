import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePrivateJson } from './connection-file';

describe('writing a private document', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'veil-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('leaves one file that its owner alone can read', () => {
    writePrivateJson(join(dir, 'document.json'), { alpha: 0.2 });
    expect(readdirSync(dir)).toEqual(['document.json']);
    expect(statSync(join(dir, 'document.json')).mode & 0o777).toBe(0o600);
  });

  it('leaves no draft behind when it fails', () => {
    mkdirSync(join(dir, 'document.json'));
    expect(() => writePrivateJson(join(dir, 'document.json'), {})).toThrow();
    expect(readdirSync(dir)).toEqual(['document.json']);
  });
});
