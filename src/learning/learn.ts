import { LearnRequest, VeilError, type LearnProgress, type LearnReport } from '../protocol';
import { Value } from '@sinclair/typebox/value';

export interface LearnHooks {
  progress(progress: LearnProgress): void;
  /** Ends the pass; what was finished stays in the folder for the next one of the same request. */
  signal: AbortSignal;
}

/**
 * Learn an obfuscation of a model from unlabelled photographs.
 * @throws VeilError `bad_request` for a request that its schema refuses, `internal` for every other: the pass is not built yet.
 */
export async function learn(request: LearnRequest, { signal }: LearnHooks): Promise<LearnReport> {
  const fault = Value.Errors(LearnRequest, request).First();
  if (fault) {
    throw new VeilError('bad_request', `${fault.path || 'the request'}: ${fault.message}. Nothing was learned.`, 'Correct it.');
  }
  signal.throwIfAborted();
  throw new VeilError('internal', 'The learning pass is not built yet. Nothing was learned.', 'Use the bundled obfuscation.');
}
