/** The one way out of the trusted zone: policy, ledger and the connection to a model server behind one door. */
import { Door } from './door';
import { Ledger, ledgerFolder } from './ledger';
import { insecure, judge, loadPolicy } from './policy';
import { connectionFor } from './servers-file';

export { Door } from './door';
export { departuresPage, type PageOptions } from './departures-page';
export { inspect, type Inspected } from './inspect';
export { inspectTail } from './inspected-tail';
export { knownTails, type NamedServer } from './known-tails';
export { ledgerFolder, receiptOf } from './ledger';
export { plainNoisyName } from './repository/names';

/** The door of this process, with the reviewer's policy, the user's ledger and servers. Nothing is opened before a tensor leaves. */
export function openDoor(): Door {
  let ledger: Promise<Ledger> | undefined;
  return new Door({
    async ledger() {
      ledger ??= Ledger.open(ledgerFolder());
      try {
        return await ledger;
      } catch (error) {
        ledger = undefined;
        throw error;
      }
    },
    // Read for each tensor: a reviewer who changes it need not wait for a restart.
    judge: async departure => judge(await loadPolicy(), departure, { allow_clean_egress: departure.clean }),
    connection: async destination => connectionFor(destination)
  });
}

/** Each setting under which more may leave than a reviewer would want, as a line; a policy that cannot be followed is one, too. */
export async function insecureSettings(): Promise<string[]> {
  try {
    return insecure(await loadPolicy());
  } catch (error) {
    return [(error as Error).message];
  }
}
