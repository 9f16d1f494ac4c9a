import { AuditMessage, type AuditJobRequest, type AuditOutcome, type AuditProgress } from '../protocol';
import type { EventBus } from './events';
import { type Job, modelPaths, type JobKind } from './job';
import { optionsOf } from './job-process';

export type Auditing = Job<AuditJobRequest, AuditProgress, AuditOutcome>;

/** Audits: `veilbook audit`. */
export function auditingKind(events: EventBus): JobKind<AuditJobRequest, AuditProgress, AuditOutcome> {
  return {
    name: 'an audit',
    short: 'audit',
    route: '/v1/audit',
    message: AuditMessage,
    argumentsOf: ({ effort, attacks = [], ...options }) => [
      ...optionsOf(options),
      ...attacks.map(name => `--attack=${name}`),
      ...(effort === 'full' ? ['--full'] : [])
    ],
    paths: ({ images, out, report, model }) => [
      images,
      ...[out, report].filter(path => path !== undefined),
      ...modelPaths(model)
    ],
    subject: ({ images }) => `of ${images}`,
    // Its report holds pictures of people: whoever may see them asks for it.
    publish: job => events.publish({ type: 'audit', job: { ...job, report: null } })
  };
}
