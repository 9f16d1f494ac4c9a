import { VeilError, type AuditProgress, type AuditReport } from '../protocol';
import { listenToParent, tellParent } from './learn-job';

/**
 * An audit as the sidecar's child: progress, report with its curves, and error go to the parent as AuditMessages, and it
 * ends with the parent. What came out is for the report to say, not for an exit code.
 */
export async function auditAsJob(
  work: (signal: AbortSignal, show: (progress: AuditProgress) => void) => Promise<AuditReport>,
  path: string | undefined
): Promise<void> {
  const cancel = new AbortController();
  process.once('SIGINT', () => cancel.abort());
  listenToParent(() => cancel.abort());
  try {
    const report = await work(cancel.signal, progress => tellParent({ type: 'progress', progress }));
    const { reportFigures, writeReport } = await import('../audit/report');
    if (path !== undefined) {
      await writeReport(report, path);
    }
    await tellParent({ type: 'report', report: { report, figures: reportFigures(report) } });
  } catch (thrown) {
    await tellParent({ type: 'error', error: VeilError.from(thrown).toBody().error });
    throw thrown;
  }
}
