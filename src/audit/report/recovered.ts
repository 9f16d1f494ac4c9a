import { type AttackResult, type AuditReport } from '../../protocol';
import { drawCurves, looksChart, strengthChart, type Chart } from './charts';
import { html, trusted, type Html } from './html';
import { table } from './table';
import { INPUTS, interval, percent, strongestClean } from './words';

export function recovered(report: AuditReport): Html {
  const clean = strongestClean(report);
  return html`<h2>What was recovered?</h2>
    ${table({
      caption: 'The strongest tested attack at each strength, one look',
      columns: [
        '#ALPHA',
        '#image variance recovered',
        '#95% interval',
        'attack',
        'started from',
        '#certified ALPHA',
        '#person found among'
      ],
      rows: [
        ...(clean
          ? [{ cells: ['clean', percent(clean.r2), interval(clean.ci), clean.name, '', '', identified(report.clean)] }]
          : []),
        ...report.alphas.map(({ alpha, strongest, alpha_certified, attacks }) => ({
          cells: [
            alpha,
            percent(strongest.r2),
            interval(strongest.ci),
            strongest.name,
            INPUTS[strongest.input],
            alpha_certified.toFixed(3),
            identified(attacks)
          ]
        }))
      ]
    })}
    <p>
      Certified ALPHA is the share of what the strongest attack recovers from clean activations that it no longer recovers.
      Variance is mostly slow brightness, while faces are detail: see the column of detail below, and the sheet.
    </p>
    <div class="charts">
      ${figure(strengthChart(report), 'Share of image variance that each attack recovers, from the input it did best with; 0 is clean.')}
      ${looks(report)}
    </div>
    ${everyAttack(report)}`;
}

/** "12% of 1000 (chance 0.1%)" */
function identified(results: readonly AttackResult[]): string {
  const tried = results.flatMap(({ reid }) => (reid ? [reid] : []));
  if (tried.length === 0) {
    return 'not tried';
  }
  const best = tried.reduce((most, reid) => (reid.top1 > most.top1 ? reid : most));
  return `${percent(best.top1)} of ${best.among} (chance ${percent(1 / best.among)})`;
}

function looks(report: AuditReport): Html | null {
  const chart = looksChart(report);
  return (
    chart &&
    figure(
      chart,
      'The same for the mean of several looks at one picture, each with fresh noise: what counting looks guards against.'
    )
  );
}

function figure(chart: Chart, caption: string): Html {
  const described = chart.series
    .map(({ name, points }) => `${name}: ${points.map(({ x, y }) => `${x} ${percent(y)}`).join(', ')}`)
    .join('; ');
  return html`<figure role="group" aria-label="${caption} ${described}">
    <div class="wide" aria-hidden="true">${trusted(drawCurves(chart, 500, 320))}</div>
    <div class="narrow" aria-hidden="true">${trusted(drawCurves(chart, 240, 260))}</div>
    <figcaption>${caption} Strokes are 95% intervals.</figcaption>
  </figure>`;
}

const INPUT_WORDS = (Object.entries(INPUTS) as [string, string][]).map(([name, words]) => `${name}: ${words}`).join('; ');

function everyAttack(report: AuditReport): Html {
  const rows = [
    ...report.clean.map(result => ({ alpha: 'clean' as const, result, strong: false })),
    ...report.alphas.flatMap(({ alpha, attacks, strongest }) =>
      attacks.map(result => ({
        alpha,
        result,
        strong: result.name === strongest.name && result.input === strongest.input && result.r2 === strongest.r2
      }))
    )
  ];
  const measured = (result: AttackResult) => {
    const { metrics } = result;
    return metrics
      ? [
          percent(result.r2),
          interval(result.ci),
          percent(metrics.detail_r2.mean),
          percent(metrics.image_r2.worst5),
          metrics.psnr.mean.toFixed(1),
          metrics.ssim.mean.toFixed(3),
          metrics.ms_ssim.mean.toFixed(3)
        ]
      : Array<string>(7).fill('');
  };
  return html`<h3>Every attack</h3>
    ${table({
      caption: `Shaded: the strongest at that strength. ${INPUT_WORDS}`,
      columns: [
        '#ALPHA',
        'attack',
        'started from',
        '#looks',
        '#variance',
        '#95% interval',
        '#detail',
        '#worst 5% of images',
        '#PSNR, dB',
        '#SSIM',
        '#MS-SSIM',
        '#person found',
        'training'
      ],
      rows: rows.map(({ alpha, result, strong }) => ({
        cells: [
          alpha,
          `${result.name} ${result.title}`,
          result.input,
          result.looks,
          ...measured(result),
          result.reid ? identified([result]) : '',
          trained(result)
        ],
        strong
      }))
    })}`;
}

function trained({ training }: AttackResult): string {
  if (!training) {
    return 'closed form';
  }
  const { steps, images, improving } = training;
  return `${steps} steps on ${images} photographs${improving ? '; still improving: more may be recovered' : ''}`;
}

export function worst({ sheet }: AuditReport): Html {
  const pairs = sheet.map(
    ({ alpha, image, attack, r2, original, recovered: picture }) =>
      html`<figure>
        <div class="pair">
          <img src="data:image/png;base64,${base64(original)}" alt="Original ${image}" />
          <img src="data:image/png;base64,${base64(picture)}" alt="What ${attack} recovered of it" />
        </div>
        <figcaption>
          ALPHA ${alpha}, ${attack}: ${percent(r2)} of ${image}. Left the original, right what was recovered.
        </figcaption>
      </figure>`
  );
  return html`<h2>And the worst person, not the average?</h2>
    <p>The photographs most was recovered of, by the strongest attack. Figures and people disagree: look.</p>
    ${pairs.length > 0 ? html`<div class="sheet">${pairs}</div>` : html`<p>No picture was kept.</p>`}
    <p class="faint">Maximum beside average risk: ISO/IEC 27559:2022, 7.3.2.</p>`;
}

/** Base64 and nothing else: it goes into an address. */
function base64(text: string): string {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? text : '';
}
