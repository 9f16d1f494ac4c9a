import { writeFile } from 'node:fs/promises';
import { VeilError, type AuditReport } from '../../protocol';
import { drawCurves, looksChart, standalone, strengthChart } from './charts';
import { html } from './html';
import { page } from './page';
import { recovered, worst } from './recovered';
import { accuracy, adversary, checks, leaves, limits, summary, tester, verdict } from './sections';

/** An audit as one page that needs nothing beside it, for screens of 250 px and up, light and dark, and for paper. */
export function reportHtml(report: AuditReport): string {
  const title = `Audit of ${report.model.name}: what an attacker recovers from what leaves`;
  const sections = [adversary, leaves, recovered, worst, checks, accuracy, tester, limits];
  return page(
    title,
    html`<header>
        <h1>${title}</h1>
        ${verdict(report)} ${summary(report)}
      </header>
      <main>${sections.map(section => section(report))}</main>`
  );
}

/** @throws VeilError `output_unwritable` */
export async function writeReport(report: AuditReport, path: string): Promise<void> {
  await writeFile(path, reportHtml(report)).catch(error => {
    throw new VeilError('output_unwritable', `${path} cannot be written (${error.message}).`, 'Give another --report.');
  });
}

/** Curves as SVG files of their own: leakage over ALPHA, and over looks where those were tried. */
export function reportFigures(report: AuditReport): { alphas: string; looks: string | null } {
  const looks = looksChart(report);
  return {
    alphas: standalone(drawCurves(strengthChart(report), 560, 320)),
    looks: looks && standalone(drawCurves(looks, 560, 320))
  };
}
