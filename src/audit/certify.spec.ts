import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DIGITS } from '../../test/models/digits';
import { modelWithArtefact } from '../../test/support/artefact';
import { loadModel, meaningOfAlpha } from '../models';
import { type AuditReport } from '../protocol';
import { certify } from './certify';

let dir: string;
let report: AuditReport;
beforeAll(async () => {
  dir = await modelWithArtefact(undefined, DIGITS);
  const { obfuscation } = await loadModel(dir);
  const audited = (alpha: number) => ({
    alpha,
    attacks: [],
    strongest: { name: 'A2', input: 'raw', r2: 0.5, ci: [0.4, 0.6] },
    alpha_certified: alpha - 0.1,
    bits: 1
  });
  report = {
    effort: 'full',
    verdict: 'valid',
    created: '2026-03-04T05:06:07.000Z',
    tool: 'veilbook 0',
    artefact: { sha256: obfuscation!.sha256 },
    alphas: [audited(0.1), audited(0.5), audited(0.9)]
  } as unknown as AuditReport;
});
afterAll(() => rmSync(dirname(dir), { recursive: true }));

describe('a certificate', () => {
  it('is not given for a quick audit, one that is not valid, or one of some ALPHAs', async () => {
    const lesser = [{ effort: 'quick' }, { verdict: 'void' }, { alphas: report.alphas.slice(1) }];
    for (const change of lesser as Partial<AuditReport>[]) {
      await expect(certify({ ...report, ...change }, dir)).rejects.toMatchObject({ code: 'bad_request' });
    }
    const of = { ...report, artefact: { ...report.artefact, sha256: '0'.repeat(64) } };
    await expect(certify(of, dir)).rejects.toMatchObject({ code: 'artefact_mismatch' });
    expect(meaningOfAlpha((await loadModel(dir)).obfuscation!, 0.9)).not.toContain('certified');
  });

  it('is said with ALPHA from then on, with attack and date, between knots too', async () => {
    await certify(report, dir);
    const { obfuscation } = await loadModel(dir);
    expect(meaningOfAlpha(obfuscation!, 0.9)).toContain('An audit of 2026-03-04 certified 0.80, by attack A2.');
    expect(meaningOfAlpha(obfuscation!, 0.7)).toContain('about 0.60');
  });

  it('of another artefact is refused', async () => {
    const path = join(dir, 'certified.json');
    const kept = readFileSync(path, 'utf8');
    writeFileSync(path, kept.replace(/"artefact_sha256": "\w+"/, `"artefact_sha256": "${'1'.repeat(64)}"`));
    await expect(loadModel(dir)).rejects.toMatchObject({ code: 'artefact_mismatch' });
    writeFileSync(path, kept.slice(0, 40));
    await expect(loadModel(dir)).rejects.toMatchObject({ code: 'artefact_mismatch' });
  });
});
