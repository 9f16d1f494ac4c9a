/** A model folder: load, verify, describe; its obfuscation artefact. */
export {
  DEFAULT_MODEL,
  isDetector,
  loadDetector,
  loadModel,
  modelRef,
  summarise,
  type DetectorModel,
  type LoadedModel
} from './folder';
export { artefactRef, meaningOfAlpha, type Obfuscation } from './obfuscation';
export { runtimeGraph } from './runtime-graph';
