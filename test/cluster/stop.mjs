/** npm run cluster:stop: ends the cluster and takes back what it changed on the machine. The compiled programs stay in the cache. */
import { stop } from './lib/cluster.mjs';
import { asCommand } from './lib/complaint.mjs';

await asCommand(stop);
