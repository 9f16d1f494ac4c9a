/** ONNX files: read, write, look at, split. */
export { opsetOf, readOnnx, readOnnxFile, writeOnnx, type OnnxModel } from './model';
export { describeGraph, readOnnxGraph, type GraphPort, type OnnxGraph } from './ports';
export { GraphView } from './graph';
export { atBatchOne, probeShapes, type Shapes } from './probe';
export { findCuts, type Cut } from './cuts';
export { splitAt, type Halves } from './split';
export { nameColumns, type Columns } from './detector-outputs';
export { foldCrelu } from './fold-crelu';
export { mergeHeads } from './merge-heads';
export { pairSoftmax } from './pair-softmax';
export { poolCrelu } from './pool-crelu';
export { spreadCrelu } from './spread-crelu';
