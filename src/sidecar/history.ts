import { randomUUID } from 'node:crypto';
import { VeilError, type DetectionResult, type RunOptions, type RunSummary } from '../protocol';

const KEPT = 50;

/** The last runs, newest first: names and numbers, never pixels. */
export class RunHistory {
  private readonly runs: RunSummary[] = [];

  list(): RunSummary[] {
    return [...this.runs];
  }

  add(run: RunSummary): void {
    this.runs.unshift(run);
    this.runs.length = Math.min(this.runs.length, KEPT);
  }
}

export function summariseRun(result: DetectionResult, started: Date): RunSummary {
  return {
    run: result.run,
    started: started.toISOString(),
    image: result.image,
    mode: result.mode,
    alpha: result.alpha,
    calibrated: result.artefact?.calibrated ?? null,
    faces: result.classes ? null : result.detections.filter(({ score }) => score >= result.threshold).length,
    total_ms: result.timings_ms.total,
    device: result.device,
    error: null
  };
}

export function summariseFailure(thrown: unknown, image: string, options: RunOptions, started: Date): RunSummary {
  return {
    run: randomUUID(),
    started: started.toISOString(),
    image,
    mode: options.mode,
    alpha: options.alpha ?? null,
    calibrated: null,
    faces: null,
    total_ms: Date.now() - started.getTime(),
    device: options.device ?? 'auto',
    error: VeilError.from(thrown).line
  };
}
