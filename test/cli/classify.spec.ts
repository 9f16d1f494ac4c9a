import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DetectDocument } from '../../src/protocol';
import { DIGITS, writeDigits } from '../models/digits';
import { veilbook } from './cli';

jest.setTimeout(120_000);

let folder: string;
let digits: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-classify-'));
  digits = await writeDigits(folder, 20);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('veilbook detect with a classifier', () => {
  it('names what each picture shows', async () => {
    const { code, stdout } = await veilbook(['detect', ...digits, '--model', DIGITS, '--device', 'cpu', '--json']);
    expect(code).toBe(0);
    const { results } = JSON.parse(stdout) as DetectDocument;
    expect(results.every(({ detections, classes }) => detections.length === 0 && classes?.length === 5)).toBe(true);
    const right = results.filter(({ image, classes }) => image.endsWith(`-${classes?.[0].index}.png`));
    expect(right.length).toBeGreaterThan(16);
  });

  it('prints a line for a person, and refuses noise that the model has not', async () => {
    const clean = await veilbook(['detect', digits[0], '--model', DIGITS]);
    expect(clean.stdout).toMatch(/0000-2\.png {2}two \d\.\d\d.* on \S+\n$/);
    const noisy = await veilbook(['detect', digits[0], '--model', DIGITS, '--mode', 'noisy', '--alpha', '0.5']);
    expect(noisy).toMatchObject({ code: 4, stdout: '', stderr: expect.stringContaining('digits has no learned obfuscation') });
  });
});
