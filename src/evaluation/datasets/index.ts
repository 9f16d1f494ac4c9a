/** Labelled photographs in the formats that people have them in, one after another, bad records counted and told. */
export { boundsOf, ellipseBounds } from './ellipse';
export { datasetInfo, type DatasetInfo } from './info';
export { openDataset } from './open';
export { readCoco, readFddb } from './strict';
export {
  DATASET_FORMATS,
  type BadRecord,
  type Dataset,
  type DatasetFold,
  type DatasetFormat,
  type DatasetOptions,
  type DatasetRecord,
  type Ellipse,
  type LabelledPhotograph
} from './types';
