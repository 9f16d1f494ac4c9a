import { LearnMessage, type LearnJobRequest, type LearnProgress, type LearnReport } from '../protocol';
import type { EventBus } from './events';
import { type Job, modelPaths, type JobKind } from './job';
import { optionsOf } from './job-process';

export type Learning = Job<LearnJobRequest, LearnProgress, LearnReport>;

/** Learning passes: `veilbook learn`. */
export function learningKind(events: EventBus): JobKind<LearnJobRequest, LearnProgress, LearnReport> {
  return {
    name: 'a learning pass',
    short: 'learning pass',
    route: '/v1/learn',
    message: LearnMessage,
    argumentsOf: ({ install, ...options }) => [...optionsOf(options), ...(install ? ['--install'] : [])],
    paths: ({ images, out, model }) => [images, out, ...modelPaths(model)],
    subject: ({ out }) => `into ${out}`,
    publish: job => events.publish({ type: 'learn', job })
  };
}
