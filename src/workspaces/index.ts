/** Snapshot, clone and restore a workspace: one interface, a provider for each kind of place. */
export type { Operation } from './operation';
export type { WorkspaceProvider } from './provider';
export { openLocalWorkspace, type LocalOptions } from './local/open';
export { openWorkspaceIn } from './open';
