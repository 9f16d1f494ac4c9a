/** How well a run does, how far it agrees with the clean model, and what an image recovery got; data sets to judge them on. */
export { agreement, agreementInterval, topAgreement, topAgreementInterval } from './agreement';
export {
  averagePrecision,
  averagePrecisionInterval,
  type AveragePrecision,
  type ScoredImage,
  type TruthBox
} from './average-precision';
export { bootstrapInterval, type BootstrapOptions, type Interval } from './bootstrap';
export {
  DATASET_FORMATS,
  datasetInfo,
  ellipseBounds,
  openDataset,
  readCoco,
  readFddb,
  type BadRecord,
  type Dataset,
  type DatasetFold,
  type DatasetFormat,
  type DatasetInfo,
  type DatasetOptions,
  type DatasetRecord,
  type Ellipse,
  type LabelledPhotograph
} from './datasets';
export {
  FALSE_POSITIVES,
  rocCurve,
  rocEvents,
  RocScores,
  RocTotals,
  type EllipseImage,
  type RocEvent,
  type RocPoint,
  type RocScore
} from './fddb-roc';
export { differenceHash, hashDistance, nearGroups, NEAR } from './near-duplicates';
export { contentHash, findPhotographs } from './photographs';
export {
  detailError,
  meanField,
  pairedR2Interval,
  pooledR2,
  pooledR2Interval,
  squaredError,
  type SquaredError
} from './recovery';
export { evaluateDetector, retainedAp, type DetectorEvaluation, type Retained } from './retained';
export { psnr, ssim } from './similarity';
export { splitPhotographs, type PartSizes, type PhotographParts } from './split-photographs';
export { assemble, BLOCKS, cellTargets, disassemble, TARGETS, targetIndex, type Field, type Picture } from './targets';
