import type { Event } from '@jupyterlab/services';
import type { Defaults, LearnJob, PANEL_EVENT_SCHEMA_ID as DeclaredId, PanelEvent, RunSummary } from '../../protocol';
import type { SidecarState } from '../tokens';

/** The compiler holds this to the protocol's constant without loading its schemas into the browser. */
export const PANEL_EVENT_SCHEMA_ID: typeof DeclaredId = 'https://schema.veilbook.dev/sidecar-event/v1';

/** As many as the sidecar itself remembers. */
const MOST_RUNS = 50;

/** Jupyter Events carry everybody's; the server has validated ours against its schema. */
export function isPanelEvent(emission: Event.Emission): emission is Event.Emission & PanelEvent {
  const { type } = emission;
  return (
    emission.schema_id === PANEL_EVENT_SCHEMA_ID &&
    ((type === 'run' && emission.run !== undefined) ||
      (type === 'defaults' && emission.defaults !== undefined) ||
      (type === 'learn' && emission.job !== undefined) ||
      (type === 'workspace' && emission.operation !== undefined) ||
      type === 'stopping' ||
      type === 'state')
  );
}

export function withRun(state: SidecarState, run: RunSummary): SidecarState {
  if (state.state !== 'running') {
    return state;
  }
  const runs = [run, ...state.status.runs.filter(other => other.run !== run.run)].slice(0, MOST_RUNS);
  return { ...state, status: { ...state.status, runs } };
}

export function withDefaults(state: SidecarState, defaults: Defaults): SidecarState {
  return state.state === 'running' ? { ...state, status: { ...state.status, defaults } } : state;
}

export function withLearning(state: SidecarState, learn: LearnJob): SidecarState {
  return state.state === 'running' ? { ...state, status: { ...state.status, learn } } : state;
}
