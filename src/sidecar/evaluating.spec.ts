import { type EvaluationJobRequest } from '../protocol';
import { evaluatingKind } from './evaluating';
import { EventBus } from './events';

const kind = evaluatingKind(new EventBus());

describe('an evaluation as a job', () => {
  it.each<[EvaluationJobRequest, string[]]>([
    [{ kind: 'evaluate', dataset: '/d' }, ['evaluate', '--dataset=/d']],
    [
      { kind: 'evaluate', dataset: '/d', format: 'fddb', alpha: 0.8 },
      ['evaluate', '--dataset=/d', '--format=fddb', '--alpha=0.8', '--noisy']
    ],
    [
      { kind: 'sweep', dataset: '/d', alphas: [0.2, 0.8], workers: 2 },
      ['sweep', '--dataset=/d', '--alphas=0.2,0.8', '--workers=2']
    ]
  ])('%j is options of its command', (request, expected) => {
    expect(kind.argumentsOf(request)).toEqual(expected);
  });

  it('names every path, so that a relative one is refused; a model by its name is none', () => {
    expect(kind.paths({ kind: 'sweep', dataset: 'd', out: 'o', model: './m' })).toEqual(['d', 'o', './m']);
    expect(kind.paths({ kind: 'sweep', dataset: '/d', model: 'faceboxes' })).toEqual(['/d']);
  });
});
