import { Recent } from './recent';

function recorder(size: number) {
  const made: string[] = [];
  const released: string[] = [];
  const recent = new Recent<string, string>(
    size,
    key => {
      made.push(key);
      return key.toUpperCase();
    },
    value => void released.push(value)
  );
  return { recent, made, released };
}

it('makes each value once, and releases what was not asked for longest', async () => {
  const { recent, made, released } = recorder(2);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
    expect(await recent.get(key)).toBe(key.toUpperCase());
  }
  expect([made, released]).toEqual([
    ['a', 'b', 'c', 'b'],
    ['B', 'C']
  ]);
  await recent.clear();
  expect(released).toEqual(['B', 'C', 'A', 'B']);
});

it('keeps nothing of what failed', async () => {
  let fails = true;
  const recent = new Recent<string, number>(1, () => {
    if (fails) {
      throw new Error('not yet');
    }
    return 7;
  });
  await expect(recent.get('a')).rejects.toThrow('not yet');
  fails = false;
  expect(await recent.get('a')).toBe(7);
});
