import { specimen, type Recipe, type Specimen } from '../../../test/mutants/artefacts';
import { audited, MUTANTS } from '../../../test/mutants';
import { soundSender, stepwiseSender } from '../../../test/mutants/senders';
import { conformance } from '.';

const SMALL: Recipe = { seed: 7, shape: [6, 8, 8], scale: 0.4, colour: 1, slope: 1 };
const ALPHA = 0.5;
const { signal } = new AbortController();
let subject: Specimen;
beforeEach(async () => {
  subject = await specimen(SMALL);
});
afterEach(() => subject.remove());

describe('a sound artefact', () => {
  it.each([
    ['as the product draws it', soundSender],
    ['drawn step by step in float64, where faults are planted', stepwiseSender]
  ])('passes every check: %s', async (_, open) => {
    const { obfuscation, samples, model } = subject;
    const sender = await open(obfuscation);
    const checks = await conformance({ sender, obfuscation, samples, model, alphas: [ALPHA], signal }, 'quick');
    expect(checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
    expect(checks.every(({ detail }) => !detail.includes('\n'))).toBe(true);
  });
});

// All faults, and sound artefacts of many kinds: npm run audit:mutants.
describe('a planted fault is found by the check that is made for it', () => {
  it.each([
    ['epsilon reused on two images', 'fresh'],
    ['one epsilon for all strengths', 'strengths'],
    ['uniform coefficients', 'distribution'],
    ['overflow at the clamp', 'range'],
    ["another head's artefact", 'artefact']
  ])('%s: %s', async (name, check) => {
    const mutant = MUTANTS.find(candidate => candidate.name === name)!;
    const alphas = name.includes('strengths') ? [0.1, 0.9] : [ALPHA];
    const { failed } = await audited(name, subject, mutant, alphas);
    expect(failed.map(found => found.name)).toContain(check);
  });
});

it('stops when it is told to', async () => {
  const { obfuscation, samples } = subject;
  const stop = new AbortController();
  stop.abort(new Error('told to'));
  const sender = await soundSender(obfuscation);
  await expect(conformance({ sender, obfuscation, samples, alphas: [ALPHA], signal: stop.signal }, 'quick')).rejects.toThrow(
    'told to'
  );
});

it('plants at least 45 faults, each under a name of its own', () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(45);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});
