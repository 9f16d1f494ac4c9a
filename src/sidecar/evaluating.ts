import { EvaluationMessage, type EvaluationJobProgress, type EvaluationJobRequest, type EvaluationOutcome } from '../protocol';
import type { EventBus } from './events';
import { type Job, modelPaths, type JobKind } from './job';
import { optionsOf } from './job-process';

export type Evaluating = Job<EvaluationJobRequest, EvaluationJobProgress, EvaluationOutcome>;

/** Evaluations: `veilbook evaluate` and `veilbook sweep`. */
export function evaluatingKind(events: EventBus): JobKind<EvaluationJobRequest, EvaluationJobProgress, EvaluationOutcome> {
  return {
    name: 'an evaluation',
    short: 'evaluation',
    route: '/v1/evaluate',
    message: EvaluationMessage,
    argumentsOf: ({ kind, alpha, ...options }) => [
      kind,
      ...optionsOf({ ...options, alpha }),
      ...(alpha === undefined ? [] : ['--noisy'])
    ],
    paths: ({ dataset, out, model }) => [dataset, ...(out === undefined ? [] : [out]), ...modelPaths(model)],
    subject: ({ dataset }) => `of ${dataset}`,
    // Its report has names of photographs and a chart: whoever wants it asks for it.
    publish: job => events.publish({ type: 'evaluate', job: { ...job, report: null } })
  };
}
