import { writeFile } from 'node:fs/promises';
import { drawCurves, standalone } from '../audit/report/charts';
import { html, trusted, type Html } from '../audit/report/html';
import { page } from '../audit/report/page';
import { sweepChart } from '../audit/report/sweep-chart';
import { table } from '../audit/report/table';
import { percent } from '../audit/report/words';
import { VeilError, type SweepDocument } from '../protocol';
import { looksLine } from './evaluation-report';

const WIDE = [640, 340] as const;
const NARROW = [340, 300] as const;

/** The curves as a file of their own. @throws VeilError `output_unwritable` */
export async function writeSweepPlot(document: SweepDocument, path: string): Promise<void> {
  await write(path, `${standalone(drawCurves(sweepChart(document), ...WIDE))}\n`, '--plot');
}

/** @throws VeilError `output_unwritable` */
export async function writeSweepReport(document: SweepDocument, path: string): Promise<void> {
  await write(path, sweepPage(document), '--report');
}

/** A sweep as one page that needs nothing beside it. */
export function sweepPage(document: SweepDocument): string {
  const { dataset, images, faces, bad } = document;
  const title = `${dataset}: what noise costs in accuracy, and what it takes from attackers`;
  return page(
    title,
    html`<header>
        <h1>${title}</h1>
        <p>
          ${images} images with ${faces} faces${bad > 0 ? `; ${bad} records could not be used and are left out` : ''}. One pass
          over the images: each was decoded and run through the head once, and noised afresh for every ALPHA.
        </p>
      </header>
      <main>${[curves(document), figures(document), looks(document), folds(document), left(document), about(document)]}</main>`
  );
}

function curves(document: SweepDocument): Html {
  const chart = sweepChart(document);
  const drawn = ([width, height]: readonly [number, number]) => trusted(drawCurves(chart, width, height));
  return html`<h2>Accuracy and leakage</h2>
    <figure>
      <div class="wide">${drawn(WIDE)}</div>
      <div class="narrow">${drawn(NARROW)}</div>
      <figcaption>
        Average precision at an overlap of one half, mean over the folds; and the share of the variance of the artefact’s held-out
        images that its strongest attacker recovers from one tensor. The strengths are evenly spread, not to scale.
      </figcaption>
    </figure>`;
}

function figures({ clean, rows }: SweepDocument): Html {
  const cells = (alpha: string, { average_ap, pooled_ap, leakage }: typeof clean, retained: number | null) => ({
    cells: [alpha, precision(average_ap), precision(pooled_ap), share(retained), share(leakage)]
  });
  return html`<h2>In figures</h2>
    ${table({
      caption: 'Retained: average AP / average AP without noise. Recovered: by the strongest attacker of the artefact.',
      columns: ['ALPHA', '#average AP', '#pooled AP', '#retained', '#recovered'],
      rows: [
        cells('clean', clean, clean.average_ap === null ? null : 1),
        ...rows.map(row => cells(String(row.alpha), row, row.retained))
      ]
    })}
    <p>
      What is recovered was measured when the artefact was learned, against the attackers that its document lists, and not on
      these images. It is not encryption: treat tensors as personal data, keep TLS and access control.
    </p>`;
}

function looks({ looks: seen }: SweepDocument): Html | null {
  return seen && seen.count > 1
    ? html`<h2>What a sweep would give away</h2>
        <p>Nothing was sent to anybody for this report; ${looksLine(seen)}</p>`
    : null;
}

function folds({ clean, rows }: SweepDocument): Html {
  return html`<h2>Folds</h2>
    ${table({
      caption: 'Average precision of each fold.',
      columns: ['Fold', '#images', '#faces', '#left out', '#clean', ...rows.map(({ alpha }) => `#${alpha}`)],
      rows: clean.folds.map(({ fold, images, faces, bad, ap }, i) => ({
        cells: [fold, images, faces, bad, precision(ap), ...rows.map(row => precision(row.folds[i].ap))]
      }))
    })}`;
}

function left({ bad, bad_records: records }: SweepDocument): Html | null {
  return bad === 0
    ? null
    : html`<h2>Left out</h2>
        ${bad > records.length ? html`<p>The first ${records.length} of ${bad}.</p>` : null}
        <ul>
          ${records.map(({ place, message }) => html`<li>${place}: ${message}</li>`)}
        </ul>`;
}

function about({ format, device, versions, hashes, seconds, images_per_s }: SweepDocument): Html {
  const facts: [string, string][] = [
    ['Device', device],
    ['Time', `${seconds.toFixed(1)} s, ${images_per_s.toFixed(1)} images a second`],
    [
      'Versions',
      Object.entries(versions)
        .map(entry => entry.join(' '))
        .join(', ')
    ],
    ['Labels', `${format}, SHA-256 ${hashes.dataset}`],
    ['Head', hashes.head],
    ['Tail', hashes.tail],
    ['Artefact', hashes.artefact ?? 'none']
  ];
  return html`<h2>How it was measured</h2>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`
      )}
    </dl>`;
}

const precision = (ap: number | null) => (ap === null ? '-' : ap.toFixed(4));
const share = (value: number | null) => (value === null ? '-' : percent(value));

async function write(path: string, text: string, option: string): Promise<void> {
  await writeFile(path, text).catch((thrown: NodeJS.ErrnoException) => {
    throw new VeilError('output_unwritable', `${path} cannot be written (${thrown.code}).`, `Give another ${option}.`);
  });
}
