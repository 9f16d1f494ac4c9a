import fc from 'fast-check';
import { type Snapshot } from '../protocol';
import { newId } from './ids';
import { chooseOld } from './retention';

const NOW = Date.parse('2026-03-10T12:00:00Z');
const HOUR = 3_600_000;

function snapshotAt(hoursAgo: number, change: Partial<Snapshot> = {}): Snapshot {
  const ms = NOW - hoursAgo * HOUR;
  return {
    id: newId(null, ms),
    created: new Date(ms).toISOString(),
    state: 'ready',
    pinned: false,
    paths: null,
    ...change
  } as Snapshot;
}

describe('retention', () => {
  it('keeps what any rule keeps', () => {
    const all = [1, 2, 3, 30, 31, 60, 200].map(hours => snapshotAt(hours));
    const removed = (policy: object) =>
      chooseOld(all, policy, new Set(), NOW).removed.map(id => all.findIndex(one => one.id === id));
    expect(removed({ keep_last: 2 })).toEqual([2, 3, 4, 5, 6]);
    expect(removed({ max_age_days: 2 })).toEqual([5, 6]);
    expect(removed({ keep_daily: 3 })).toEqual([1, 2, 4, 6]);
    expect(removed({ keep_last: 3, keep_daily: 2 })).toEqual([4, 5, 6]);
    expect(removed({})).toEqual([]);
  });

  it('never removes the last ready, a pinned or an in-use snapshot, and counts only ready ones', () => {
    const one = fc.record({
      hours: fc.integer({ min: 0, max: 2000 }),
      pinned: fc.boolean(),
      state: fc.constantFrom('ready', 'ready', 'failed', 'creating'),
      used: fc.boolean(),
      part: fc.boolean()
    });
    const rules = fc.record(
      {
        keep_last: fc.integer({ min: 1, max: 3 }),
        max_age_days: fc.double({ min: 0.1, max: 90 }),
        keep_daily: fc.integer({ min: 1, max: 3 })
      },
      { requiredKeys: [] }
    );
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), rules, (specs, policy) => {
        const made = specs
          .sort((a, b) => a.hours - b.hours)
          .map(({ hours, pinned, state, part }) =>
            snapshotAt(hours, { pinned, state: state as 'ready', paths: part ? ['a'] : null })
          );
        const used = new Set(made.filter((_, k) => specs[k].used).map(({ id }) => id));
        const { removed, kept } = chooseOld(made, policy, used, NOW);
        expect(removed.length + kept.length).toBe(made.length);
        const gone = new Set(removed);
        const whole = made.filter(({ state, paths }) => state === 'ready' && paths === null);
        expect(whole.slice(0, 1).some(({ id }) => gone.has(id))).toBe(false);
        expect(made.some(({ id, pinned, state }) => gone.has(id) && (pinned || used.has(id) || state !== 'ready'))).toBe(false);
      }),
      { seed: 5, numRuns: 200 }
    );
  });
});

describe('an id', () => {
  it('differs within a millisecond and sorts after the last one even when the clock goes back', () => {
    let last: string | null = null;
    for (let k = 0; k < 50; k++) {
      const id: string = newId(last, NOW - k * HOUR);
      expect(last === null || id > last).toBe(true);
      last = id;
    }
  });
});
