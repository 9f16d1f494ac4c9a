/**
 * npm run cluster:start [-- api|csi|node]
 * Starts a cluster (level node unless said otherwise) and prints where its kubeconfig is. Running it again restarts what died.
 */
import { start, describe } from './lib/cluster.mjs';
import { asCommand } from './lib/complaint.mjs';

const say = line => process.stdout.write(`${line}\n`);

await asCommand(async () => {
  const began = performance.now();
  await start(process.argv[2] ?? 'node', say);
  say(`ready after ${((performance.now() - began) / 1000).toFixed(1)} s: ${describe()}`);
});
