import { LearnJob, LearnJobRequest, LearnState } from '../../protocol';
import type { App, SidecarContext } from '../context';
import { answers } from './answers';

/** One learning pass at a time; its progress is told by events of type `learn`. */
export function learnRoutes(app: App, { learning }: SidecarContext): void {
  app.get('/v1/learn', { schema: { response: answers(LearnState) } }, async () => ({ job: learning.current }));

  app.post('/v1/learn', { schema: { body: LearnJobRequest, response: answers(LearnJob) } }, async request =>
    learning.start(request.body)
  );

  app.delete(
    '/v1/learn',
    { schema: { description: 'stop it; the same request goes on later', response: answers(LearnJob) } },
    async () => learning.cancel()
  );
}
