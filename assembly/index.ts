/**
 * SIMD kernels. They allocate nothing: every pointer is a region of the imported memory
 * that src/pipeline/kernels.ts lays out.
 */
export { resampleRow, blendRows } from './resize';
export { gaussian, addNoise } from './noise';
