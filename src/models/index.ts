/** A model folder: load, verify, describe; its obfuscation artefact. */
export { DEFAULT_MODEL, loadModel, modelRef, summarise, type LoadedModel } from './folder';
export { artefactRef, meaningOfAlpha, type Obfuscation } from './obfuscation';
export { runtimeGraph } from './runtime-graph';
