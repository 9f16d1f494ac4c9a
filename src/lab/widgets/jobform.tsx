import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId, useRef, useState } from 'react';
import type { BatchJob } from '../../protocol';
import { ALPHAS_PATTERN, LONGEST_NAME, NAME_PATTERN, proposedName, type JobDraft, type JobKind } from '../jobdraft';

interface JobFormProps {
  /** What it begins with. */
  initial: JobDraft;
  /** Those that are known: of them are the names that are taken and the claims that are offered. */
  jobs: readonly BatchJob[];
  namespace: string;
  /** Hears of every change. */
  onChange: (draft: JobDraft) => void;
  trans: TranslationBundle;
}

/** What a Job is asked for: data, noise, size; and the rest for whom it matters. The browser checks what a field may hold. */
export function JobForm({ initial, jobs, namespace, onChange, trans }: JobFormProps): JSX.Element {
  const [draft, setDraft] = useState(initial);
  const form = useRef<HTMLDivElement>(null);
  const id = useId();
  const change = (changed: Partial<JobDraft>) => {
    setDraft({ ...draft, ...changed });
    onChange({ ...draft, ...changed });
  };
  // A dialog looks at what its fields allow when somebody types; it has to at the beginning, and when fields come and go.
  useEffect(() => void form.current?.dispatchEvent(new Event('input', { bubbles: true })), [draft]);
  const claims = [...new Set(jobs.flatMap(({ request }) => request?.claim ?? []))];
  const set = (field: keyof JobDraft) => (event: React.ChangeEvent<HTMLInputElement>) => change({ [field]: event.target.value });
  const field = (name: keyof JobDraft, label: string, input: React.InputHTMLAttributes<HTMLInputElement> = {}, hint = '') => (
    <Field label={label} hint={hint}>
      <input className="jp-Veilbook-text" type="text" value={draft[name]} onChange={set(name)} spellCheck={false} {...input} />
    </Field>
  );
  const whole = (min: number, max: number) => ({ type: 'number', min, max, step: 1 });
  return (
    <div className="jp-Veilbook-jobForm" ref={form}>
      <p className="jp-Veilbook-hint">
        {trans.__('A Job in namespace %1. What is submitted goes on without this browser.', namespace)}
      </p>
      {field(
        'claim',
        trans.__('Volume'),
        { required: true, list: `${id}-claims`, placeholder: 'inference-data' },
        trans.__('the PersistentVolumeClaim with the data set')
      )}
      <datalist id={`${id}-claims`}>
        {claims.map(claim => (
          <option key={claim} value={claim} />
        ))}
      </datalist>
      {field('dataset', trans.__('Data set'), { required: true, placeholder: 'FDDB' }, trans.__('a folder of the volume'))}
      <KindField kind={draft.kind} onChange={kind => change({ kind })} trans={trans} />
      {draft.kind === 'noisy' &&
        field('alpha', trans.__('ALPHA'), { type: 'number', min: 0.001, max: 0.999, step: 'any', required: true })}
      {draft.kind === 'sweep' &&
        field(
          'alphas',
          trans.__('ALPHAs'),
          { required: true, pattern: ALPHAS_PATTERN },
          trans.__('between 0 and 1, with commas')
        )}
      <div className="jp-Veilbook-jobPair">
        {field('shards', trans.__('Shards'), { ...whole(1, 10000), required: true })}
        {field('gpus', trans.__('GPUs of each'), { ...whole(0, 64), required: true })}
      </div>
      {field('name', trans.__('Name'), {
        placeholder: proposedName(draft, jobs),
        pattern: NAME_PATTERN,
        maxLength: LONGEST_NAME,
        title: trans.__('lower-case letters, digits and hyphens')
      })}
      <details className="jp-Veilbook-jobMore">
        <summary>{trans.__('More options')}</summary>
        {field(
          'snapshot',
          trans.__('Snapshot'),
          {},
          trans.__('read what this VolumeSnapshot of the volume holds, or the latest')
        )}
        {field('model', trans.__('Model'), { placeholder: 'faceboxes' })}
        {field('format', trans.__('Format'), { placeholder: trans.__('what the folder looks like') })}
        {field('category', trans.__('Category'), {}, trans.__('the one that counts, where labels have names'))}
        {field('results', trans.__('Results'), {}, trans.__('a folder of the volume that keeps what is done'))}
        {field('parallel', trans.__('Pods at a time'), { ...whole(1, 10000), placeholder: trans.__('all') })}
        <div className="jp-Veilbook-jobPair">
          {field('cpu', trans.__('CPU of each'), { placeholder: '1' })}
          {field('memory', trans.__('Memory of each'), { placeholder: '1Gi' })}
        </div>
        {field('image', trans.__('Image'))}
        <div className="jp-Veilbook-jobPair">
          {field('group', trans.__('Group'), whole(1, 2147483647))}
          {field('backoff', trans.__('May fail so often'), { ...whole(0, 1000), placeholder: '5' })}
        </div>
      </details>
    </div>
  );
}

interface FieldProps {
  label: string;
  hint: string;
  children: React.ReactElement<React.InputHTMLAttributes<HTMLInputElement>>;
}

/** A label above its input, and what it means below. */
function Field({ label, hint, children }: FieldProps): JSX.Element {
  const id = useId();
  return (
    <div className="jp-Veilbook-jobField">
      <label htmlFor={id}>{label}</label>
      {React.cloneElement(children, { id, 'aria-describedby': hint ? `${id}-hint` : undefined })}
      {hint && (
        <span id={`${id}-hint`} className="jp-Veilbook-hint">
          {hint}
        </span>
      )}
    </div>
  );
}

interface KindFieldProps {
  kind: JobKind;
  onChange: (kind: JobKind) => void;
  trans: TranslationBundle;
}

function KindField({ kind, onChange, trans }: KindFieldProps): JSX.Element {
  const group = useId();
  const kinds: [JobKind, string][] = [
    ['clean', trans.__('without noise')],
    ['noisy', trans.__('at one ALPHA')],
    ['sweep', trans.__('at several, in one pass')]
  ];
  return (
    <fieldset className="jp-Veilbook-jobKinds">
      <legend>{trans.__('Evaluate')}</legend>
      {kinds.map(([value, label]) => (
        <label key={value}>
          <input type="radio" name={group} checked={kind === value} onChange={() => onChange(value)} /> {label}
        </label>
      ))}
    </fieldset>
  );
}
