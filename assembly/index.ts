/**
 * SIMD kernels. They allocate nothing: every pointer is a region of the imported memory
 * that src/pipeline/kernels.ts lays out.
 */
export { resampleRow, blendRows } from './resize';
export { gaussian } from './noise';
export { quantiseField } from './field';
export { multiplyLower } from './field-product';
export { hartleyColumns, hartleyRowsOntoCodes } from './field-hartley';
