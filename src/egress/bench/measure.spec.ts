import { startEchoServer, type EchoPorts } from './echo-server';
import { measureThroughput, measureWays } from './measure';

describe('the benchmark of the way out and back', () => {
  let ports: EchoPorts;
  let stop: () => void;

  beforeAll(async () => {
    ({ ports, stop } = await startEchoServer());
  });
  afterAll(() => stop());

  it('measures every way with the same activation', async () => {
    const { bytes, ways } = await measureWays(
      [`triton://127.0.0.1:${ports.http}/echo`, `triton+grpc://127.0.0.1:${ports.grpc}/echo`],
      1,
      true
    );
    expect(bytes).toBe(512 << 10);
    expect(ways.map(({ name }) => name)).toEqual(['node:http alone', 'HTTP, binary tensors', 'gRPC', 'HTTP, JSON arrays']);
    expect(ways.every(({ median_ms, best_ms }) => best_ms > 0 && median_ms >= best_ms)).toBe(true);
  });

  it('measures frames in flight beside one at a time', async () => {
    const { in_flight, ratio, one_at_a_time_per_s } = await measureThroughput('x', `triton://127.0.0.1:${ports.http}/echo-1`, 1);
    expect({ in_flight, sound: ratio > 0 && one_at_a_time_per_s > 0 }).toEqual({ in_flight: 8, sound: true });
  });
});
