import { VeilError } from '../protocol';
import { BODY_LIMITS, type BodyLimits } from './bodies';
import { jobCommand } from './job-process';

/** How long requests may still run after the sidecar was asked to stop. */
export const DRAIN_MS = 30_000;

export interface SidecarSettings {
  /** Minutes without an open connection after which the sidecar exits. */
  idleMinutes: number;
  limits: BodyLimits;
  logLevel: string;
  /** The programs of jobs and their first arguments. */
  learnCommand: readonly string[];
  auditCommand: readonly string[];
  /** The program alone: a request says whether it is to evaluate or to sweep. */
  evaluationCommand: readonly string[];
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];

/** Settings from the environment; @throws VeilError `bad_request` that names the variable. */
export function settingsFrom(env: NodeJS.ProcessEnv): SidecarSettings {
  const logLevel = env.VEILBOOK_LOG_LEVEL ?? 'info';
  if (!LOG_LEVELS.includes(logLevel)) {
    throw unfit('VEILBOOK_LOG_LEVEL', logLevel, `Use one of ${LOG_LEVELS.join(', ')}.`);
  }
  const megabytes = positive(env, 'VEILBOOK_MAX_BODY_MB');
  return {
    idleMinutes: positive(env, 'VEILBOOK_IDLE_MINUTES') ?? 15,
    limits:
      megabytes === undefined
        ? BODY_LIMITS
        : { body: megabytes * 1e6, inFlight: Math.max(megabytes * 1e6, BODY_LIMITS.inFlight) },
    logLevel,
    learnCommand: jobCommand('learn'),
    auditCommand: jobCommand('audit'),
    evaluationCommand: jobCommand()
  };
}

function positive(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') {
    return undefined;
  }
  return positiveNumber(text, name);
}

/** @throws VeilError `bad_request` unless the text is a number above zero. */
export function positiveNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw unfit(name, text, 'Use a number above 0.');
  }
  return value;
}

function unfit(name: string, value: string, remedy: string): VeilError {
  return new VeilError('bad_request', `${name} cannot be ${JSON.stringify(value)}. Nothing was started.`, remedy);
}
