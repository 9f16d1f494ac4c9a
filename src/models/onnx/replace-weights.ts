import { VeilError } from '../../protocol';
import { type Weights } from '../artefact-content';
import { withGraph } from './build';
import { type OnnxModel } from './model';
import { dimsOf, elements, floatTensor } from './tensors';

/**
 * The same model with other values in the named float32 initialisers; those not named stay.
 * @param weights are copied
 * @throws VeilError `model_mismatch` for a name that is no initialiser, or another shape
 */
export function replaceWeights(model: OnnxModel, weights: Weights): OnnxModel {
  const { graph } = model;
  const names = new Set(graph.initializer.map(({ name }) => name));
  const unknown = Object.keys(weights).find(name => !names.has(name));
  if (unknown !== undefined) {
    throw misfit(`The model has no weights named ${unknown}`);
  }
  const initializer = graph.initializer.map(tensor => {
    if (!Object.hasOwn(weights, tensor.name)) {
      return tensor;
    }
    const { data, shape } = weights[tensor.name];
    const dims = dimsOf(tensor);
    if (`${dims}` !== `${shape}` || data.length !== elements(shape)) {
      throw misfit(`Weights ${tensor.name} are [${shape}] of ${data.length} values, the model has [${dims}]`);
    }
    return floatTensor(tensor.name, dims, data.slice());
  });
  return withGraph(model, { initializer });
}

function misfit(what: string): VeilError {
  return new VeilError('model_mismatch', `${what}. Nothing was replaced.`, 'Use weights that were learned for this model.');
}
