import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Timings } from '../protocol';

const STAGE_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** What `/metrics` shows. Labels are route patterns, stage names and devices: nothing a caller chose. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'veilbook_requests_total',
    help: 'Requests by route and status',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry]
  });
  private readonly requestSeconds = new Histogram({
    name: 'veilbook_request_seconds',
    help: 'From the first header byte to the last byte of the answer',
    labelNames: ['route'],
    buckets: STAGE_BUCKETS,
    registers: [this.registry]
  });
  private readonly stageSeconds = new Histogram({
    name: 'veilbook_stage_seconds',
    help: 'Duration of each stage of a run; queue is the wait for a free compute worker',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS,
    registers: [this.registry]
  });
  private readonly runs = new Counter({
    name: 'veilbook_runs_total',
    help: 'Detection runs by mode, device and outcome',
    labelNames: ['mode', 'device', 'outcome'],
    registers: [this.registry]
  });

  /** Both gauges are read when somebody looks. */
  constructor(gauges: { connections: () => number; running: () => number }) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('veilbook_connections', 'Open connections', gauges.connections);
    this.gauge('veilbook_running', 'Requests that run or wait for a compute worker', gauges.running);
  }

  request(method: string, route: string, status: number, seconds: number): void {
    this.requests.inc({ method, route, status });
    this.requestSeconds.observe({ route }, seconds);
  }

  run(mode: string, device: string, outcome: string, timings?: Timings): void {
    this.runs.inc({ mode, device, outcome });
    for (const [stage, ms] of Object.entries(timings ?? {})) {
      this.stageSeconds.observe({ stage }, ms / 1000);
    }
  }

  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      }
    });
  }
}
