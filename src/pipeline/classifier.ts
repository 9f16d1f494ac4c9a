import { VeilError, type ClassScore } from '../protocol';

/** Classes that a result names. */
const NAMED = 5;

/**
 * The best classes, best first; of equal ones the first.
 * @param scores [K] after softmax
 * @param labels of the K classes; their indices stand in for them
 * @throws VeilError `bad_tensor` when a score is not a number
 */
export function bestClasses(scores: Float32Array, labels?: readonly string[]): ClassScore[] {
  if (scores.some(Number.isNaN)) {
    throw new VeilError(
      'bad_tensor',
      'The tail gave a score that is not a number. No result was made.',
      'Check the activation and the model with a clean run.'
    );
  }
  return Array.from(scores, (score, index) => ({ label: labels?.[index] ?? String(index), index, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, NAMED);
}
