import { writeFile } from 'node:fs/promises';
import { VeilError, type AuditReport } from '../../protocol';
import { drawCurves, looksChart, standalone, strengthChart } from './charts';
import { html, trusted } from './html';
import { recovered, worst } from './recovered';
import { accuracy, adversary, checks, leaves, limits, summary, tester, verdict } from './sections';
import { PAGE_STYLE } from './style';

/** Nothing is loaded from anywhere: pictures are in the page, and there is no script. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** An audit as one page that needs nothing beside it, for screens of 250 px and up, light and dark, and for paper. */
export function reportHtml(report: AuditReport): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>Audit of ${report.model.name}: what an attacker recovers</title>
        <style>
          ${trusted(PAGE_STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>Audit of ${report.model.name}: what an attacker recovers from what leaves</h1>
          ${verdict(report)} ${summary(report)}
        </header>
        <main>${[adversary, leaves, recovered, worst, checks, accuracy, tester, limits].map(section => section(report))}</main>
      </body>
    </html> `;
  return page.text;
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
