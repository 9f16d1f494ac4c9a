import { type RetentionPolicy, type RetentionReport, type Snapshot } from '../protocol';

const DAY_MS = 86_400_000;
type Why = RetentionReport['kept'][number]['why'];

/**
 * What a policy removes. A snapshot that any given rule keeps stays; so do the last ready, pinned and in-use ones, and
 * those that are not ready, which count nowhere.
 * @param snapshots newest first
 * @param inUse ids that something still needs
 */
export function chooseOld(
  snapshots: readonly Snapshot[],
  policy: RetentionPolicy,
  inUse: ReadonlySet<string>,
  now = Date.now()
): RetentionReport {
  const ready = snapshots.filter(({ state }) => state === 'ready');
  // Parts of a workspace are no state to go back to.
  const whole = ready.filter(({ paths }) => paths === null);
  const counted = new Set(ready.slice(0, policy.keep_last ?? 0).map(({ id }) => id));
  const daily = new Set(newestOfDays(ready, policy.keep_daily ?? 0));
  const young = (created: string) =>
    policy.max_age_days !== undefined && now - Date.parse(created) <= policy.max_age_days * DAY_MS;
  const noRule = policy.keep_last === undefined && policy.keep_daily === undefined && policy.max_age_days === undefined;
  const last = new Set([ready[0]?.id, whole[0]?.id]);
  const why = ({ id, state, pinned, created }: Snapshot): Why | null => {
    const reasons: [boolean, Why][] = [
      [state !== 'ready', 'not_ready'],
      [last.has(id), 'last'],
      [pinned, 'pinned'],
      [inUse.has(id), 'in_use'],
      [counted.has(id) || noRule, 'count'],
      [young(created), 'age'],
      [daily.has(id), 'daily']
    ];
    return reasons.find(([holds]) => holds)?.[1] ?? null;
  };
  const judged = snapshots.map(one => ({ id: one.id, why: why(one) }));
  return {
    removed: judged.filter(one => one.why === null).map(({ id }) => id),
    kept: judged.flatMap(one => (one.why === null ? [] : { id: one.id, why: one.why }))
  };
}

function newestOfDays(newestFirst: readonly Snapshot[], days: number): string[] {
  const newest = new Map<string, string>();
  for (const { id, created } of newestFirst) {
    const day = created.slice(0, 10);
    if (!newest.has(day)) {
      newest.set(day, id);
    }
  }
  return [...newest.values()].slice(0, days);
}
