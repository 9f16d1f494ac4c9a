import { drawBars } from '../report/bars';
import { html, trusted } from '../report/html';
import { page } from '../report/page';
import { table } from '../report/table';
import { interval, percent } from '../report/words';
import { METHODS, QUOTED } from './methods';
import { type MethodRow } from './row';

/** A comparison as one page that needs nothing beside it. */
export function comparisonHtml(rows: readonly MethodRow[], tool: string): string {
  const [{ question, images, clean }] = rows;
  const measured = rows.flatMap(row => (row.measured ? [{ title: METHODS[row.question.method].title, ...row.measured }] : []));
  const kept =
    question.labels_sha256 === null ? 'agreement with the clean model’s own answers' : 'the clean model’s average precision';
  const bars = measured.map(({ title, strongest }) => ({ name: title, value: strongest.r2, interval: strongest.ci }));
  const title = `${question.model.name}: ways to keep pictures from a server, side by side`;
  return page(
    title,
    html`<header>
        <h1>${title}</h1>
        <p>
          Each method is as strong as it may be while ${percent(question.target)} of ${kept} is kept, on ${images.judged}
          photographs. Then the same attacks are let at ${images.attacked} photographs that they have not seen.
        </p>
      </header>
      <main>
        <h2>What is recovered</h2>
        <figure role="group" aria-label="${bars.map(({ name, value }) => `${name}: ${percent(value)}`).join('; ')}">
          <div class="wide" aria-hidden="true">${trusted(drawBars(bars, 760, 60 + 40 * bars.length))}</div>
          <div class="narrow" aria-hidden="true">${trusted(drawBars(bars, 240, 60 + 52 * bars.length))}</div>
          <figcaption>
            Share of image variance that the strongest of the attacks recovers; less is better. Strokes are 95% intervals. A
            linear attack on clean activations recovers ${percent(clean.linear_r2)}.
          </figcaption>
        </figure>
        ${table({
          caption: 'Measured here',
          columns: [
            'method',
            '#strength',
            'unit',
            '#kept',
            '#recovered',
            '#95% interval',
            'by',
            '#A1',
            '#A2',
            '#as sent',
            '#detail',
            '#in faces',
            '#found'
          ],
          rows: rows.map(({ question: { method }, measured: found }) => {
            const { title: name } = METHODS[method];
            if (!found) {
              return { cells: [name, 'none', 'keeps less at its weakest', '', '', '', '', '', '', '', '', '', ''] };
            }
            const { strength, unit, retained, bounded, a1, a2, as_sent, strongest, reid } = found;
            const tried = [a1, a2, ...(as_sent ? [as_sent] : [])];
            return {
              cells: [
                name,
                strength.toPrecision(3),
                bounded ? `${unit}; the most there is` : unit,
                percent(retained),
                percent(strongest.r2),
                interval(strongest.ci),
                strongest.name,
                percent(a1.r2),
                percent(a2.r2),
                as_sent ? percent(as_sent.r2) : '',
                percent(Math.max(...tried.map(({ detail }) => detail))),
                a1.faces === null ? '' : percent(Math.max(...tried.map(({ faces }) => faces ?? 0))),
                `${percent(reid.top1)} of ${reid.among}`
              ]
            };
          })
        })}
        <p>
          A1 is linear over the whole field and knows the noise; A2 is a decoder trained for each method alone, ${question.steps}
          steps on ${images.train} photographs. Of a blurred picture the attacker also has the picture. Noise on the activation is
          filtered by the server in every row, and not rounded. Measured against these attacks; not encryption: treat tensors as
          personal data.
        </p>
        <h2>Quoted from others</h2>
        ${table({
          caption: 'Not measured here, and of other models: these hide the picture itself from the server',
          columns: ['method', 'hidden', 'accuracy', 'cost', 'source'],
          rows: QUOTED.map(quoted => ({ cells: [quoted.title, quoted.hidden, quoted.accuracy, quoted.cost, quoted.source] }))
        })}
        <h2>Who measured</h2>
        <dl>
          <dt>Tool</dt>
          <dd>${tool}, seed ${question.seed}</dd>
          <dt>Artefact</dt>
          <dd><code>${question.artefact_sha256}</code></dd>
          <dt>Model</dt>
          <dd>head <code>${question.model.head_sha256}</code>, tail <code>${question.model.tail_sha256}</code></dd>
          <dt>Photographs</dt>
          <dd><code>${question.images_sha256}</code></dd>
        </dl>
      </main>`
  );
}
