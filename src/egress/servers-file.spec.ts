import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionFor, serversPath } from './servers-file';

const SERVER = 'tritons://inference.example:8000';
let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'veilbook-servers-'));
  path = join(dir, 'servers.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

const write = (value: unknown, mode = 0o600) => {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  chmodSync(path, mode);
};

describe('the file of servers', () => {
  it('lies where the user keeps settings', () => {
    expect(serversPath({ HOME: '/home/ada' })).toBe('/home/ada/.config/veilbook/servers.json');
    expect(serversPath({ HOME: '/home/ada', XDG_CONFIG_HOME: '/c' })).toBe('/c/veilbook/servers.json');
    expect(serversPath({ VEILBOOK_SERVERS: '/s.json' })).toBe('/s.json');
  });

  it('is not needed', () => {
    expect(connectionFor(SERVER, path)).toEqual({});
    write({});
    expect(connectionFor(SERVER, path)).toEqual({});
  });

  it('gives the server that is meant its headers and certificates, and no other one', () => {
    const ca = join(dir, 'ca.pem');
    writeFileSync(ca, 'PEM');
    write({ [SERVER]: { headers: { Authorization: 'Bearer t0ken' }, ca, deadline_ms: 2000 } });
    expect(connectionFor(SERVER, path)).toEqual({ headers: { Authorization: 'Bearer t0ken' }, ca: 'PEM', deadlineMs: 2000 });
    expect(connectionFor('tritons://inference.example:8001', path)).toEqual({});
  });

  it.each<[string, unknown, number, string]>([
    ['others can read it', { [SERVER]: {} }, 0o644, 'chmod 600'],
    ['it is no JSON', '{"Authorization": "t0ken"', 0o600, 'is no list of servers'],
    ['it has a word that nothing knows', { [SERVER]: { token: 't0ken' } }, 0o600, 'is no list of servers'],
    ['a path in it is not absolute', { [SERVER]: { ca: 'ca.pem' } }, 0o600, '/ca'],
    ['a file that it names is not there', { [SERVER]: { ca: '/nowhere/ca.pem' } }, 0o600, 'cannot be read (ENOENT)']
  ])('is refused, and not repeated, when %s', (_, value, mode, words) => {
    write(value, mode);
    let line = '';
    try {
      connectionFor(SERVER, path);
    } catch (error) {
      line = (error as { line: string }).line;
    }
    expect(line).toContain(words);
    expect(line).not.toContain('t0ken');
  });
});
