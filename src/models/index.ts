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
export { type ArtefactContent, type ArtefactDraft, type ArtefactStatistics, type Weights } from './artefact-content';
export { gridExponentFor } from './artefact-checks';
export { pack } from './artefact-tensors';
export { CERTIFICATE, writeCertificate } from './certificate';
export { artefactRef, meaningOfAlpha, strongest } from './meaning';
export { readDecoderWeights, readObfuscation, readServerWeights, type Obfuscation } from './obfuscation';
export {
  alphaAfterLooks,
  attackersFor,
  filtersFor,
  nearestKnot,
  noiseFieldAt,
  knotOfPower,
  noiseSpectrumAt,
  noNoise,
  type NoiseField,
  type Strengths
} from './strength';
export { asStored, writeArtefact } from './write-artefact';
export { attackerGraphAt, serverGraphAt, serverPartsAt, type NoisyModel } from './noisy-graphs';
export { forRuntime, runtimeGraph } from './runtime-graph';
