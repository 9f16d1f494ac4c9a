import { type AuditCheck, type AuditReport } from '../../protocol';
import { html, type Html } from './html';
import { table, type Cell } from './table';
import { claimOf, duration, INPUTS, percent } from './words';

/** The verdict, in words and in a box; a report that says nothing says so first. */
export function verdict(report: AuditReport): Html {
  const failed = (checks: readonly AuditCheck[]) => checks.filter(({ passed }) => !passed);
  const list = (checks: readonly AuditCheck[]) =>
    html`<ul>
      ${failed(checks).map(({ title, detail }) => html`<li>${title}: ${detail}</li>`)}
    </ul>`;
  switch (report.verdict) {
    case 'void':
      return html`<div class="verdict bad" role="alert">
        <strong>⚠ VOID: this audit says nothing</strong>
        A control failed, so that the attacks below cannot be relied on. No figure of this report may be quoted.
        ${list(report.controls)}
      </div>`;
    case 'unsound':
      return html`<div class="verdict bad" role="alert">
        <strong>⚠ UNSOUND: what leaves is not what the artefact declares</strong>
        Do not use this obfuscation. The figures below were measured, but of noise that is not the one declared.
        ${list(report.conformance)}
      </div>`;
    case 'valid':
      return html`<div class="verdict">
        <strong>✓ Valid</strong>
        All ${report.controls.length} controls and ${report.conformance.length} conformance checks passed. Measured against the
        attacks listed; not encryption: treat tensors as personal data, keep TLS and access control.
      </div>`;
  }
}

export function summary(report: AuditReport): Html {
  const { images, model, effort, created } = report;
  return html`<p>
      Model ${model.name}; ${images.attacked} photographs attacked that the attacker had not seen, ${images.train} to learn from;
      ${effort} audit, <time datetime="${created}">${created.slice(0, 10)}</time>.
    </p>
    ${report.verdict === 'void' ? null : claims(report)}`;
}

function claims(report: AuditReport): Html {
  return html`<ul class="claims">
    ${report.alphas.map(audited => html`<li>${claimOf(audited, report)}</li>`)}
  </ul>`;
}

export function adversary(report: AuditReport): Html {
  const { images } = report;
  return html`<h2>Who is the adversary, and what do they know?</h2>
    <p>
      Whoever operates the server, or reads what reaches it: curious, patient, and able to train networks. They know both halves
      of the model, the obfuscation with its noise spectrum, and ALPHA. They have photographs of the same kind (here
      ${images.train}), none of them of a person or scene attacked. They do not have the key that the noise comes from, which
      never leaves the process that draws it.
    </p>
    <p class="faint">
      Threat modelling: ISO/IEC 27559:2022, 6.2. This report follows that standard’s questions; it certifies nothing.
    </p>`;
}

export function leaves(report: AuditReport): Html {
  return html`<h2>What leaves, and what does the server learn by design?</h2>
    <p>
      One tensor a photograph: the activation behind the model’s first layers, with noise of the artefact’s spectrum, rounded to a
      grid. No pixels, no file names. With it the server learns what it is asked for: the number, place and score of the objects
      found. No noise hides that, for it is the answer.
    </p>
    <dl>
      <dt>Upper bound, a look</dt>
      <dd>
        ${report.alphas.map(({ alpha, bits }, i) => `${i ? '; ' : ''}ALPHA ${alpha}: ${Math.round(bits).toLocaleString('en')} bits`)}
      </dd>
    </dl>
    <p class="faint">
      Of information that a tensor can carry about its activation, for Gaussian noise of the declared spectrum and plug-in spectra
      of the photographs. An upper bound on capacity, not what anybody recovered. No differential privacy is claimed.
    </p>`;
}

export function checks(report: AuditReport): Html {
  const { monotone } = report;
  const rows = (list: readonly AuditCheck[]) =>
    list.map(({ title, passed, detail }) => ({
      cells: [title, html`<span class="${passed ? 'passed' : 'failed'}">${passed ? '✓ passed' : '✗ FAILED'}</span>`, detail]
    }));
  const columns = ['check', 'outcome', 'figures'];
  return html`<h2>Could the attacks have succeeded, and is the noise what it says?</h2>
    ${table({ caption: 'Controls: one that fails makes the audit void', columns, rows: rows(report.controls) })}
    ${table({ caption: 'Conformance of what leaves with what the artefact declares', columns, rows: rows(report.conformance) })}
    <h3>Does more ALPHA protect more?</h3>
    ${
      monotone.violations.length === 0
        ? html`<p>
            In ${monotone.compared} comparisons no attack recovered more at a larger ALPHA, beyond 3 standard errors. Between the
            knots a larger ALPHA is a smaller one plus independent noise, by construction.
          </p>`
        : table({
            caption: `${monotone.violations.length} of ${monotone.compared} comparisons: more recovered at a larger ALPHA`,
            columns: ['attack', 'started from', '#from ALPHA', '#to ALPHA', '#standard errors'],
            rows: monotone.violations.map(({ attack, input, from, to, sigmas }) => ({
              cells: [attack, INPUTS[input], from, to, sigmas.toFixed(1)]
            }))
          })
    }`;
}

export function accuracy({ accuracy: kept }: AuditReport): Html | null {
  return kept === undefined || kept.length === 0
    ? null
    : html`<h2>What does it cost?</h2>
        ${table({
          caption: 'Agreement with the clean model’s own answers, as the artefact states it; not measured by this audit',
          columns: ['#ALPHA', '#agreement'],
          rows: kept.map(({ alpha, agreement }) => ({ cells: [alpha, percent(agreement)] }))
        })}`;
}

export function tester(report: AuditReport): Html {
  const { tool, created, seed, effort, seconds, artefact, model, images, versions, ceiling, own_test: own } = report;
  const facts: [string, Cell][] = [
    ['Tool', `${tool}, ${effort} audit, ${duration(seconds)}`],
    ['Date', created],
    ['Seed', seed],
    [
      'Artefact',
      html`${artefact.mode}, of ${artefact.created}, for ${artefact.looks === 1 ? 'one look' : `${artefact.looks} looks`}; SHA-256
        <code>${artefact.sha256}</code>`
    ],
    ['Head', html`${model.name}, SHA-256 <code>${model.head_sha256}</code>`],
    ['Tail', html`SHA-256 <code>${model.tail_sha256}</code>`],
    [
      'Photographs',
      html`${images.source}: ${images.train} to learn from, ${images.attacked} attacked, ${images.gallery} to pick among,
        ${images.left_out} left out; SHA-256 <code>${images.sha256}</code>`
    ],
    [
      'Versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')
    ]
  ];
  return html`<h2>Who tested, with what, and how good is the test?</h2>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`
      )}
    </dl>
    <h3>How near do the attacks come to the best possible?</h3>
    ${
      ceiling === null
        ? html`<p>Not computed in this audit.</p>`
        : html`<p>
              On ${ceiling.population} the best possible attack can be computed: it recovers ${percent(ceiling.optimal_r2)} of
              clean activations.
            </p>
            ${table({
              caption: 'Attacks of this audit beside the optimum',
              columns: ['#ALPHA', 'attack', '#recovers', '#optimum', '#share of it'],
              rows: ceiling.rows.map(row => ({
                cells: [row.alpha, row.attack, percent(row.r2), percent(row.optimal_r2), percent(row.share)]
              }))
            })}`
    }
    <h3>Does the audit find faults?</h3>
    <p>
      ${own.planted} faults were planted for the checks of this version, one at a time, in what leaves and in artefacts:
      ${own.found} were found. ${own.sound} sound artefacts raised ${own.alarms === 0 ? 'no alarm' : `${own.alarms} alarms`}.
      <code>npm run audit:mutants</code> repeats it from the source.
    </p>`;
}

export function limits(): Html {
  return html`<h2>Limits, and what to do next</h2>
    <ul>
      <li>
        Measured against the attacks listed. A stronger one may recover more: attacks get better, tensors that were kept do not.
      </li>
      <li>
        Not encryption. Treat tensors as personal data, keep TLS and access control; a successful reconstruction is an incident.
      </li>
      <li>It holds for photographs like these, this model, this artefact, and as many looks at one source as are stated.</li>
      <li>
        The key of the noise lives in one process’s memory: who reads it can subtract the noise from every tensor of that process.
      </li>
      <li>
        Nothing here was judged about the machine that draws the noise, the network, or what a server does with its answers.
      </li>
      <li>Audit again when the model, the artefact or the kind of photographs changes, and when a better attack is published.</li>
    </ul>
    <p class="faint">Adversarial testing and re-evaluation: ISO/IEC 27559:2022, 8.2.3 and 8.3.4.</p>`;
}
