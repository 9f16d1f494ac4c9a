import { Random } from '../../src/numerics/random';
import { mountNew, type Mounted } from './file-systems';
import { disturb, newPlace, portrait, removePlaces } from './trees';

const mounts: Mounted[] = [];

afterAll(() => {
  removePlaces();
  mounts.forEach(({ unmount }) => unmount());
});

describe.each([
  ['the temporary folder', null, 2],
  ['xfs', 'xfs', 1],
  ['btrfs', 'btrfs', 1]
] as const)('on %s', (_, kind, rounds) => {
  const mounted = kind && mountNew(kind, 512);
  if (mounted) {
    mounts.push(mounted);
  }
  const test = kind && !mounted ? it.skip : it;

  test.each(Array.from({ length: rounds }, (_, seed) => [seed]))('any tree comes back as it was (seed %i)', async seed => {
    const random = new Random(seed);
    const { dir, open } = newPlace(mounted?.dir);
    disturb(dir, random, 50);
    const workspace = await open();
    const states: [string, ReturnType<typeof portrait>][] = [];
    for (let round = 0; round < 3; round++) {
      const before = portrait(dir);
      const snapshot = await workspace.takeSnapshot({ label: `round ${round}` }).result;
      expect(portrait(dir)).toEqual(before);
      expect(portrait(snapshot.tree!, { modes: false })).toEqual(portrait(dir, { modes: false }));
      expect(snapshot.method === 'reflink').toBe(kind !== null);
      states.push([snapshot.id, before]);
      disturb(dir, random, 25);
    }
    for (const [id, state] of [...states].reverse()) {
      const before = portrait(dir);
      await workspace.restore(id).result;
      expect(portrait(dir)).toEqual(state);
      await workspace.undoRestore().result;
      expect(portrait(dir)).toEqual(before);
      disturb(dir, random, 5);
    }
    for (const [id, state] of states) {
      await workspace.restore(id).result;
      expect(portrait(dir)).toEqual(state);
      const again = await workspace.restore(id).result;
      expect(again).toMatchObject({ created: 0, replaced: 0, removed: 0, adjusted: 0, left_out: [] });
    }
    const clone = await workspace.clone({ to: `${dir}-clone`, snapshot: states[1][0] }).result;
    expect(portrait(clone.location)).toEqual(states[1][1]);
  });
});
