import { EvaluationJob, EvaluationJobRequest, EvaluationState } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

/** One evaluation or sweep at a time, and none while another job runs; its progress is told by events of type `evaluate`. */
export function evaluateRoutes(app: App, { evaluating }: SidecarContext): void {
  app.get('/v1/evaluate', { schema: { response: answers(EvaluationState) } }, async () => ({ job: evaluating.current }));

  app.post('/v1/evaluate', { schema: { body: EvaluationJobRequest, response: answers(EvaluationJob) } }, async request =>
    evaluating.start(request.body)
  );

  app.delete(
    '/v1/evaluate',
    { schema: { description: 'stop it; the same request goes on later', response: answers(EvaluationJob) } },
    async () => evaluating.cancel()
  );
}
