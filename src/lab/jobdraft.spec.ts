import { batchJob, evaluatedJob, sweptJob } from '../../test/lab/documents';
import { ALPHAS_PATTERN, draftOf, NAME_PATTERN, proposedName, requestOf } from './jobdraft';
import { notebookOf } from './jobnotebook';
import { tableOf } from './jobresult';

const whole = (pattern: string) => RegExp(`^(?:${pattern})$`);

describe('a Job as it is typed', () => {
  it('begins with volume, data set and GPUs of the last one, and says what is asked for and nothing else', () => {
    const draft = draftOf(null, [batchJob()]);
    expect(requestOf({ ...draft, kind: 'noisy', alpha: '0.8' }, [])).toEqual({
      name: 'fddb-alpha-0-8',
      claim: 'inference-data',
      dataset: 'netapp/FDDB',
      alpha: 0.8,
      shards: 1,
      gpus: 1
    });
  });

  it('sorts ALPHAs and takes each once', () => {
    const draft = { ...draftOf(null, []), claim: 'c', dataset: 'd', kind: 'sweep' as const, alphas: ' 0.8,0.2 .8; ' };
    expect(requestOf(draft, []).alphas).toEqual([0.2, 0.8]);
    for (const [list, fits] of [
      [' 0.8,0.2 .8; ', true],
      ['0.05, 0.1, 0.2', true],
      ['', false],
      ['0', false],
      ['1.2', false],
      ['0.2 and 0.8', false]
    ] as const) {
      expect([list, whole(ALPHAS_PATTERN).test(list)]).toEqual([list, fits]);
    }
  });

  it('brings back what was refused as it was', () => {
    const request = {
      name: 'mine',
      claim: 'c',
      dataset: 'd',
      alphas: [0.2, 0.8],
      shards: 4,
      gpus: 0,
      snapshot: 'latest',
      group: 100
    };
    expect(requestOf(draftOf(request, []), [])).toEqual(request);
  });

  it('proposes a name that a Job may have and none has', () => {
    const draft = { ...draftOf(null, []), dataset: '/data/WIDER Face (val)_second half of the archive/', kind: 'sweep' as const };
    const name = proposedName(draft, []);
    expect(name).toBe('wider-face-val-second-half-of-sweep');
    expect(name).toMatch(whole(NAME_PATTERN));
    expect(proposedName(draft, [batchJob(name), batchJob(`${name}-2`)])).toBe(`${name}-3`);
    expect(proposedName({ ...draft, dataset: '', kind: 'clean' }, [])).toBe('veilbook-clean');
  });
});

describe('what a Job found', () => {
  it('is a table of folds, also out of the closing lines alone', () => {
    expect(tableOf(evaluatedJob().result!)).toEqual({
      kind: 'folds',
      folds: [
        { fold: 'FDDB-fold-1', ap: 0.9412345, images: null },
        { fold: 'FDDB-fold-2', ap: 0.95, images: null }
      ],
      average: 0.9456
    });
  });

  it('is a table of strengths, the clean one first', () => {
    const table = tableOf(sweptJob().result!);
    expect(table.kind === 'strengths' && table.rows.map(({ alpha, retained, leakage }) => [alpha, retained, leakage])).toEqual([
      [null, 1, 0.999],
      [0.2, 0.9904, 0.73],
      [0.8, 0.9362, 0.18]
    ]);
  });

  it('is its lines where nothing can be read out of them', () => {
    const result = { lines: ['What is this?'], document: { rows: 7 }, average_ap: null, bad: 0, at: null };
    expect(tableOf(result)).toEqual({ kind: 'lines', lines: ['What is this?'] });
  });
});

describe('a Job as a notebook', () => {
  it('waits for the Job and reads its document; of a sweep it shows the curves too', () => {
    const sources = (name: string, job = batchJob(name)) =>
      (notebookOf(job) as { cells: { source: string }[] }).cells.map(({ source }) => source);
    expect(sources('fddb-sweep')).toHaveLength(4);
    expect(sources('fddb-sweep').join('\n')).toContain('"job", "wait", name, "--namespace", namespace, "--json"');
    const evaluation = sources('fddb-clean', evaluatedJob().job);
    expect(evaluation).toHaveLength(3);
    expect(evaluation[2]).toContain('Evaluation.read({"document": document, "notices": []})');
  });
});
