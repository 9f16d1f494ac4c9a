export { ECHO_SHAPE, startEchoServer, type EchoPorts } from './echo-server';
export { measureThroughput, measureWays, type Throughput, type Way } from './measure';
