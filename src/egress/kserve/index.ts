export { destinationOf, parseTailUrl, type TailAddress } from './address';
export type { WireTensor } from './answer';
export type { ConnectionOptions } from './connection';
export { ServerFailure } from './failures';
export type { Traffic } from './lanes';
export type { Expectation, ModelStatistics } from './metadata';
export { ModelServer, type Exchange, type Inference } from './server';
export type { Port, ServerTensor } from './tensors';
