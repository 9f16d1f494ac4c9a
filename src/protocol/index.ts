/** What crosses a boundary between processes or into a file, as schemas. Imports nothing of ours. */
export * from './artefact';
export * from './audit';
export * from './certificate';
export * from './detection';
export * from './devices';
export * from './errors';
export * from './float16';
export * from './learning';
export * from './mime';
export * from './models';
export * from './obfuscation';
export * from './panel';
export * from './safetensors';
export * from './sidecar';
export * from './version';
export * from './workspace';
export * from './workspace-questions';
