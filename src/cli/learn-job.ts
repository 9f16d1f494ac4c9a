import { VeilError, type AuditMessage, type EvaluationMessage, type LearnMessage } from '../protocol';

/** How long a step may go on after the sidecar has gone. */
const GRACE_MS = 5000;

/**
 * Call `onGone` once the process that started this one has ended, however it ended, and end this one soon after.
 * @throws VeilError `bad_request` when nobody listens
 */
export function listenToParent(onGone: () => void): void {
  if (!process.send) {
    throw new VeilError('bad_request', '--as-job is for the sidecar, which listens. Nothing was done.', 'Leave it out.');
  }
  process.once('disconnect', () => {
    onGone();
    setTimeout(() => process.exit(), GRACE_MS).unref();
  });
  // Listening alone must not keep a process that has finished.
  process.channel?.unref();
}

/** Resolves when the message has left, or cannot leave because nobody is there any more. */
export function tellParent(message: LearnMessage | AuditMessage | EvaluationMessage): Promise<void> {
  return new Promise(settle => {
    if (process.connected) {
      process.send?.(message, undefined, undefined, () => settle());
    } else {
      settle();
    }
  });
}
