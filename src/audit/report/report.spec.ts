import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { auditReport } from '../../../test/support/audit-report';
import { AuditReport } from '../../protocol';
import { reportFigures, reportHtml, writeReport } from '.';

const NASTY = `"><script src="https://evil.example/x.js"></script>'&.jpg`;

describe('an audit report as a page', () => {
  it('is made from what the schema allows', () => {
    FormatRegistry.Set('date-time', text => !Number.isNaN(Date.parse(text)));
    expect([...Value.Errors(AuditReport, auditReport())]).toEqual([]);
  });

  it('needs nothing beside it: no address, no script, and a policy that refuses both', () => {
    const page = reportHtml(auditReport());
    const addresses = page
      .match(/(?:src|href|url)\s*[=(]\s*["']?[^"')\s>]+/g)!
      .filter(found => !/data:image\/png;base64,/.test(found));
    expect(addresses).toEqual([]);
    expect(page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/https?:|<script|javascript:|@import/i);
    expect(page).toContain("default-src 'none'; img-src data:; style-src 'unsafe-inline'");
  });

  it('shows whatever names files and folders have as text', () => {
    const sheet = auditReport().sheet.map(pair => ({ ...pair, image: NASTY, original: 'x" onerror="alert(1)' }));
    const { images, model, controls } = auditReport();
    const page = reportHtml(
      auditReport({
        sheet,
        images: { ...images, source: NASTY },
        model: { ...model, name: NASTY },
        controls: [{ ...controls[0], detail: NASTY }],
        versions: { [NASTY]: NASTY }
      })
    );
    expect(page).not.toContain('<script');
    expect(page).not.toContain('onerror=');
    expect(page).toContain('&quot;&gt;&lt;script src=');
  });

  it.each([
    ['void', 'VOID: this audit says nothing', 'controls'],
    ['unsound', 'UNSOUND: what leaves is not what the artefact declares', 'conformance']
  ] as const)('that is %s says so before anything else, in words, with what failed', (verdict, words, kind) => {
    const failed = { name: 'x', title: 'What was checked', passed: false, detail: 'R2 .40, at least .82' };
    const page = reportHtml(auditReport({ verdict, [kind]: [failed] }));
    const [, after] = page.split('</h1>');
    expect(after.trim()).toMatch(/^<div class="verdict bad" role="alert">/);
    expect(after.indexOf(words)).toBeLessThan(200);
    expect(after.slice(0, after.indexOf('</div>'))).toContain('What was checked: R2 .40, at least .82');
    expect(page).toContain('✗ FAILED');
  });

  it('claims what was measured, and nothing more', () => {
    const page = reportHtml(auditReport());
    expect(page).toContain('At ALPHA 0.8 our strongest tested attack recovers 17.0% of image variance (clean: 85.0%).');
    expect(page).toContain('not encryption');
    expect(page).toContain('number, place and score');
    expect(page).not.toMatch(
      /anonymi[sz]ed|irreversible|cannot be reconstructed|guaranteed|compliant|mutual information reduced/i
    );
    expect(page).toContain('No differential privacy is claimed');
  });

  it('draws a curve of each attack and of each strength over looks, readable without colour', () => {
    const { alphas, looks } = reportFigures(auditReport());
    for (const name of ['A0', 'A1', 'A2']) {
      expect(alphas).toContain(`>${name}</text>`);
    }
    expect(alphas).not.toContain('>A6</text>');
    expect(looks).toContain('>ALPHA 0.95</text>');
    expect(new Set(alphas.match(/stroke-dasharray="[^"]*"/g)).size).toBeGreaterThan(1);
    expect(alphas).toContain('prefers-color-scheme:dark');
    expect(alphas).not.toContain('NaN');
  });

  it('leaves out what was not run', () => {
    const plain = auditReport();
    const alphas = plain.alphas.map(audited => ({ ...audited, attacks: audited.attacks.filter(({ looks }) => looks === 1) }));
    const page = reportHtml({ ...plain, alphas, clean: [], sheet: [], ceiling: null, accuracy: undefined });
    expect(page).toContain('95 faults were planted');
    expect(page).not.toContain('What does it cost?');
    expect(page).not.toMatch(/undefined|NaN|\[object/);
    expect(reportFigures({ ...plain, alphas }).looks).toBeNull();
  });

  it('is written, or refused in one line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'veilbook-report-'));
    await writeReport(auditReport(), join(folder, 'report.html'));
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe(reportHtml(auditReport()));
    await expect(writeReport(auditReport(), join(folder, 'no', 'report.html'))).rejects.toMatchObject({
      code: 'output_unwritable'
    });
    await rm(folder, { recursive: true });
  });
});
