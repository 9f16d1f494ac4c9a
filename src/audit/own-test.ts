import record from './own-test.json';

/** What the checks found when faults were planted for them: `npm run audit:mutants -- --record`, on these very checks. */
export const OWN_TEST = {
  planted: record.planted,
  found: record.found,
  sound: record.sound,
  alarms: record.alarms
};
