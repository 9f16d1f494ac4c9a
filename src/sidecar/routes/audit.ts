import { AuditJob, AuditJobRequest, AuditState } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

/** One audit at a time, and none while a learning pass runs; its progress is told by events of type `audit`. */
export function auditRoutes(app: App, { auditing }: SidecarContext): void {
  app.get('/v1/audit', { schema: { response: answers(AuditState) } }, async () => ({ job: auditing.current }));

  app.post('/v1/audit', { schema: { body: AuditJobRequest, response: answers(AuditJob) } }, async request =>
    auditing.start(request.body)
  );

  app.delete(
    '/v1/audit',
    { schema: { description: 'stop it; with `out` the same request goes on later', response: answers(AuditJob) } },
    async () => auditing.cancel()
  );
}
