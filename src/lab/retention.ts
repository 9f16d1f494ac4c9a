import type { RetentionPolicy, RetentionReport, Snapshot } from '../protocol';
import { CommandIDs } from './commands';
import type { VeilbookSettings } from './settings';
import { said, type WorkspaceWork } from './workspacework';

/** What a person is asked before old snapshots go. */
export interface RetentionQuestions {
  /** @param report what would be removed, and what stays and why */
  cleanUp(report: RetentionReport, snapshots: readonly Snapshot[]): Promise<boolean>;
  /** No rule is given: whether to open the settings. */
  noRule(): Promise<boolean>;
}

/** What is done after each snapshot that was taken from here. Resolves with one sentence, or with nothing to say. */
export type AfterSnapshot = () => Promise<string>;

type Rules = Pick<VeilbookSettings, 'retentionKeepLast' | 'retentionMaxAgeDays' | 'retentionKeepDaily' | 'retentionAutomatic'>;

/** The rules as a policy; null while none is given. */
export function policyOf(rules: Rules): RetentionPolicy | null {
  const { retentionKeepLast: last, retentionMaxAgeDays: age, retentionKeepDaily: daily } = rules;
  const policy: RetentionPolicy = {
    ...(last > 0 ? { keep_last: last } : {}),
    ...(age > 0 ? { max_age_days: age } : {}),
    ...(daily > 0 ? { keep_daily: daily } : {})
  };
  return Object.keys(policy).length > 0 ? policy : null;
}

/**
 * "Clean up old snapshots…", which shows first what would go.
 * @param rules as they are set now
 * @returns what follows each snapshot: a clean-up without a question, where the settings say so
 */
export function addRetentionCommand(work: WorkspaceWork, questions: RetentionQuestions, rules: () => Rules): AfterSnapshot {
  const { commands, model, trans } = work;
  const retain = async (policy: RetentionPolicy, dryRun: boolean): Promise<RetentionReport> => {
    const { result } = await model.perform({ kind: 'retain', policy, dryRun });
    return result?.retained ?? { removed: [], kept: [] };
  };
  const removedOf = ({ removed }: RetentionReport) =>
    trans._n('%1 old snapshot is removed.', '%1 old snapshots are removed.', removed.length);

  commands.addCommand(CommandIDs.cleanUpSnapshots, {
    label: trans.__('Clean Up Old Snapshots…'),
    caption: trans.__('Show which snapshots the rules in the settings would remove, and remove them'),
    isEnabled: () => work.isFree && work.mightBe('delete_snapshot'),
    execute: async () => {
      const policy = policyOf(rules());
      if (!policy) {
        if (await questions.noRule()) {
          await commands.execute('settingeditor:open', { query: 'Veilbook' });
        }
        return;
      }
      const report = await work.attempt(retain(policy, true));
      if (report && (await questions.cleanUp(report, work.view?.snapshots ?? []))) {
        await work.announce(trans.__('Removing old snapshots…'), async () => removedOf(await retain(policy, false)));
      }
    }
  });

  return async () => {
    const policy = rules().retentionAutomatic ? policyOf(rules()) : null;
    if (!policy) {
      return '';
    }
    try {
      const report = await retain(policy, false);
      return report.removed.length > 0 ? removedOf(report) : '';
    } catch (error) {
      // The snapshot is there; that is what was asked for.
      return trans.__('Old snapshots were not removed: %1', said(error));
    }
  };
}
