import { bytesOf } from './quantity';

it.each([
  ['0', 0],
  ['296Ki', 303104],
  ['1Gi', 2 ** 30],
  ['1G', 1e9],
  ['1e9', 1e9],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1048576', 1048576]
])('reads %s', (quantity, bytes) => expect(bytesOf(quantity)).toBe(bytes));

it.each(['', '1 Gi', 'Gi', '-1', '1gi', undefined])('takes %j for no size', quantity => expect(bytesOf(quantity)).toBeNaN());
