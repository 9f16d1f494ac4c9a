import { VeilError } from '../../protocol';
import { node, port, withGraph } from './build';
import { type OnnxModel } from './model';
import { raiseOpset } from './opset';
import { type Shapes } from './probe';
import { integerTensor } from './tensors';

/** Columns of a detector's result: box offsets, and logits of background and face. */
const WIDTHS = { loc: 4, conf: 2 };
export type Columns = [keyof typeof WIDTHS, keyof typeof WIDTHS];

/**
 * Give a tail whose only output is [N, P, 6] the outputs of a detector's tail: `loc` [N, P, 4] and `conf` [N, P, 2],
 * float32, the logits made scores by softmax. The graph is raised to operator set 17.
 * @param columns what the six are, in order; the file does not say
 * @throws VeilError `bad_request` for a tail of another shape
 */
export function nameColumns(tail: OnnxModel, shapes: Shapes, columns: Columns): OnnxModel {
  const [{ name }, ...others] = tail.graph.output;
  const shape = shapes.get(name) ?? [];
  if (others.length > 0 || shape.length !== 3 || shape[2] !== WIDTHS.loc + WIDTHS.conf) {
    const found = tail.graph.output.map(output => `${output.name} [${shapes.get(output.name)}]`).join(', ');
    const wanted = 'it names the columns of one output [N,P,6]';
    throw new VeilError(
      'bad_request',
      `--outputs does not fit: ${wanted}, this tail gives ${found}. Nothing was written.`,
      'Leave it out.'
    );
  }
  const raised = raiseOpset(tail);
  const from = { [columns[0]]: 0, [columns[1]]: WIDTHS[columns[0]] } as typeof WIDTHS;
  const bounds = Object.entries(WIDTHS).flatMap(([column, width]) => {
    const start = from[column as keyof typeof WIDTHS];
    return [integerTensor(`${column} from`, [start]), integerTensor(`${column} to`, [start + width])];
  });
  const slice = (column: string, output: string) =>
    node('Slice', [name, `${column} from`, `${column} to`, 'columns axis'], [output]);
  const nodes = [slice('loc', 'loc'), slice('conf', 'conf logits'), node('Softmax', ['conf logits'], ['conf'], { axis: -1 })];
  const { graph } = raised;
  return withGraph(raised, {
    node: [...graph.node, ...nodes],
    initializer: [...graph.initializer, ...bounds, integerTensor('columns axis', [2])],
    output: Object.entries(WIDTHS).map(([column, width]) => port(column, [shape[0], shape[1], width]))
  });
}
