import { integer } from './attributes';
import { atBatchOne, type Shapes } from './probe';
import { type GraphView } from './graph';
import { type NodeProto } from './generated/onnx_pb';
import { dimsOf, elements } from './tensors';

/**
 * Multiply-accumulate operations of the nodes, at a batch of one. Counted are Conv, ConvTranspose, Gemm and MatMul,
 * whose products with weights are all but the whole of a convolutional network.
 */
export function macsOf(nodes: readonly NodeProto[], view: GraphView, shapes: Shapes): number {
  const shape = (name: string): number[] | undefined => {
    const probed = shapes.get(name);
    const constant = view.constant(name);
    return probed ? atBatchOne(probed) : constant && dimsOf(constant);
  };
  return nodes.reduce((sum, node) => sum + macsOfNode(node, shape), 0);
}

function macsOfNode(node: NodeProto, shape: (name: string) => number[] | undefined): number {
  const [left, right, output] = [shape(node.input[0]), shape(node.input[1]), shape(node.output[0])];
  if (!left || !right || !output) {
    return 0;
  }
  switch (node.opType) {
    case 'Conv':
      // Weights [M, C/group, k…]: every output element sums over C/group and the kernel.
      return elements(output) * elements(right.slice(1));
    case 'ConvTranspose':
      // Weights [C, M/group, k…]: every input element is spread over M/group and the kernel.
      return elements(left) * elements(right.slice(1));
    case 'Gemm':
      return elements(output) * left[integer(node, 'transA', 0) ? 0 : 1];
    case 'MatMul':
      return elements(output) * left[left.length - 1];
    default:
      return 0;
  }
}
