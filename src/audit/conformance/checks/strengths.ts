import { type Check } from '../check';
import { type Tensor } from '../observe';
import { sharedNoise } from './fresh';

/** Tensors of each ALPHA that are held against those of all others. */
const KEPT = 3;

/** One epsilon for two strengths of an image: their difference gives it away. */
export function strengths(): Check {
  const kept: Tensor[] = [];
  return {
    name: 'strengths',
    title: 'Tensors of two ALPHAs share no noise',
    examine({ alpha, declared: { bins, counts }, images }, evidence) {
      for (const tensor of images.slice(0, KEPT)) {
        const named = { ...tensor, name: `${tensor.name} at ALPHA ${alpha}` };
        for (const other of kept) {
          sharedNoise([other, named], bins, counts.length, evidence, 'two ALPHAs');
        }
      }
      kept.push(...images.slice(0, KEPT).map(tensor => ({ ...tensor, name: `${tensor.name} at ALPHA ${alpha}` })));
    }
  };
}
