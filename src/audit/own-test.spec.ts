import { resolve } from 'node:path';
import { checksDigest, MUTANTS, RECIPES } from '../../test/mutants';
import { OWN_TEST } from './own-test';
import record from './own-test.json';

it('is of these checks and these faults; else: npm run audit:mutants -- --record', () => {
  expect(record.checks_sha256).toBe(checksDigest(resolve(__dirname, '..', '..')));
  expect(OWN_TEST).toMatchObject({ planted: MUTANTS.length, sound: RECIPES.length + 1 });
});
