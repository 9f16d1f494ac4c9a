/** A detector on a data set of any size: in shards, in blocks that survive an interruption, merged exactly. */
export { ShardFolder } from './shard-folder';
export { ShardWriter, type Judged } from './shard-writer';
export { openShards, shardName, type Shards } from './shards';
export { evaluationDocument, sweepDocument } from './summary';
