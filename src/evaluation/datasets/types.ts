import { type TruthBox } from '../average-precision';

export const DATASET_FORMATS = ['fddb', 'wider', 'coco', 'voc'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

/** Radii and centre in pixels, x right and y down; angle of the major radius to the x axis in radians. */
export interface Ellipse {
  major: number;
  minor: number;
  angle: number;
  x: number;
  y: number;
}

/** A photograph of a data set and what people drew on it, in its pixels. */
export interface LabelledPhotograph {
  /** Of the file, which no reader here opens. */
  path: string;
  /** Where the data set tells them. */
  width?: number;
  height?: number;
  truth: TruthBox[];
  /** What the boxes of `truth` lie around, one for each, where the data set draws ellipses. */
  ellipses?: Ellipse[];
}

/** What cannot be used: where it is ("FILE, line N" or what the format has in place of lines), and what is wrong there. */
export interface BadRecord {
  place: string;
  message: string;
}

/**
 * What a data set says of its ordinal-th image: ordinals count from 0 over all folds, bad records among them. An image
 * with anything wrong about it is one bad record, whole: with a part of its truth it would be judged by the wrong faces.
 */
export type DatasetRecord = { ordinal: number; photograph: LabelledPhotograph } | { ordinal: number; bad: BadRecord };

export interface DatasetFold {
  name: string;
  /**
   * The fold's records, read anew at every call.
   * @throws VeilError `not_found`, `bad_request` where a label file cannot be read at all
   */
  records(): AsyncIterable<DatasetRecord>;
}

export interface Dataset {
  format: DatasetFormat;
  name: string;
  dir: string;
  folds: readonly DatasetFold[];
  /** SHA-256, hex, over format, category, and names and contents of the label files: what the truth follows from. */
  digest(): Promise<string>;
}

export interface DatasetOptions {
  /** Default: what the folder looks like. */
  format?: DatasetFormat;
  /** Name of the one that counts, where labels have names (COCO, VOC); needed where they have several. */
  category?: string;
}

/** What a format's reader makes of one image. */
export type Reading = { place: string; photograph: LabelledPhotograph } | (BadRecord & { photograph?: undefined });

/** A fold before its records are numbered, and the files its truth follows from. */
export interface FoldSource {
  name: string;
  read(): AsyncIterable<Reading>;
}

/** What a format's reader makes of a data set. */
export interface DatasetSource {
  name: string;
  folds: FoldSource[];
  labelFiles(): Promise<string[]>;
}
