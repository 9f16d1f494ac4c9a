import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VeilError, type AuditReport } from '../protocol';
import { auditCommand, VERDICT_EXIT } from './audit';
import { describeProgress } from './audit-progress';
import { describeAudit } from './audit-report';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'veilbook-audit-cli-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function refusal(...args: string[]): Promise<VeilError & { exitCode?: number }> {
  const command = auditCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  const out = ['--out', join(dir, 'out')];
  return command.parseAsync([...args, ...out], { from: 'user' }).then(
    () => Promise.reject(new Error('it was not refused')),
    thrown => thrown
  );
}

describe('veilbook audit refuses', () => {
  it.each([
    ['a folder that is not there', ['--images', '/nowhere'], 'not_found', '/nowhere'],
    ['a folder without photographs', ['--images', __dirname], 'not_found', 'no JPEG'],
    ['a model that is not there', ['--images', __dirname, '--model', '/no/model'], 'model_missing', '/no/model'],
    ['an ALPHA outside the knots', ['--images', __dirname, '--alphas', '0.999'], 'bad_alpha', '0.999'],
    ['an attack that there is not', ['--images', __dirname, '--attack', 'A9'], 'bad_request', 'A9'],
    ['an attack of full effort in a quick audit', ['--images', __dirname, '--attack', 'A3'], 'bad_request', 'quick'],
    ['a program that is not there', ['--images', __dirname, '--attack', './none.py'], 'not_found', 'none.py'],
    ['a certificate of a quick audit', ['--images', __dirname, '--certify'], 'bad_request', '--certify'],
    ['one of some ALPHAs', ['--images', __dirname, '--certify', '--full', '--alphas', '0.2'], 'bad_request', '--certify']
  ])('%s', async (_, args, code, named) => {
    const error = await refusal(...args);
    expect(error).toMatchObject({ code });
    expect(error.line).toContain(named);
    expect(error.line).not.toContain('\n');
  });

  it.each([[['--alphas', '2']], [['--seed', '-1']], [['--quick', '--full']], [[]]])('%s as wrong use', async args => {
    const images = args.length > 0 ? ['--images', __dirname] : [];
    expect((await refusal(...images, ...args)).code).toMatch(/^commander\./);
  });
});

describe('what an audit says', () => {
  const row = (name: string, r2: number, more: object = {}) => ({ name, looks: 1, r2, metrics: {}, reid: null, ...more });
  const report = {
    effort: 'quick',
    verdict: 'void',
    seconds: 100,
    model: { name: 'faceboxes' },
    images: { attacked: 48, train: 160, left_out: 3 },
    clean: [row('A1', 0.9), row('A6', 0, { metrics: null, reid: { among: 208, top1: 1 } })],
    alphas: [
      {
        alpha: 0.8,
        strongest: { name: 'A2', r2: 0.18, ci: [0.16, 0.2] },
        alpha_certified: 0.8,
        bits: 5000,
        attacks: [row('A1', 0.17), row('A2', 0.18), row('A4-A1', 0.5, { looks: 16 })]
      }
    ],
    controls: [{ title: 'The prior', passed: false, detail: 'R2 0.3' }],
    conformance: [],
    monotone: { compared: 3, violations: [] }
  } as unknown as AuditReport;

  it('is a table of strengths, and what failed', () => {
    const text = describeAudit(report).join('\n');
    expect(text).toMatch(/0\.8 +18\.0% +16\.0%-20\.0% +A2 +0\.800 +17\.0% +18\.0% +50\.0%/);
    expect(text).toContain('failed: The prior: R2 0.3');
    expect(text).toContain('among 208');
  });

  it('has a column for each attack of one of your own', () => {
    const mine = [row('mine', 0.05), row('mine', 0.07)];
    const alphas = report.alphas.map(at => ({ ...at, attacks: [...at.attacks, ...mine] }));
    const text = describeAudit({ ...report, alphas } as unknown as AuditReport).join('\n');
    expect(text).toMatch(/A2 +mine +16 looks/);
    expect(text).toMatch(/17\.0% +18\.0% +7\.0% +50\.0%/);
    expect(describeAudit(report).join('\n')).not.toContain('mine');
  });

  it('ends with a code of its own unless it is valid', () => {
    expect(VERDICT_EXIT).toEqual({ valid: 0, unsound: 7, void: 8 });
  });

  it('is told as it goes on', () => {
    const line = describeProgress({ stage: 'A2', alpha: 0.4, done: 0.425, seconds_left: 70 });
    expect(line).toBe(' 42% █████████░░░░░░░░░░░ attack A2, ALPHA 0.4 · 70 s left');
  });
});
