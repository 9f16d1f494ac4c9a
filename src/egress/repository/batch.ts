import { clone } from '@bufbuild/protobuf';
import { probeShapes, type OnnxModel } from '../../models/onnx';
import { integer } from '../../models/onnx/attributes';
import { node, withGraph } from '../../models/onnx/build';
import { type NodeProto, TypeProtoSchema, ValueInfoProtoSchema, type ValueInfoProto } from '../../models/onnx/generated/onnx_pb';
import { GraphView } from '../../models/onnx/graph';
import { rewrite } from '../../models/onnx/rewrite';
import { INT64, integersOf, integerTensor } from '../../models/onnx/tensors';
import { switchTelemetryOff } from '../../pipeline/telemetry-off';
import { VeilError } from '../../protocol';

const SYMBOL = 'N';

/**
 * The graph with a symbolic batch axis, so that Triton may put several requests into one run. A graph that was exported
 * for one sample is opened: its leading 1 becomes a symbol, in its ports and in the shapes that it reshapes to.
 * Found out by running it on one sample and on two.
 * @throws VeilError `bad_request` when an output does not follow the batch, `model_mismatch` when the graph cannot be run
 */
export async function batched(model: OnnxModel): Promise<OnnxModel> {
  switchTelemetryOff();
  const view = new GraphView(model);
  const open = opened(model, new Set([...view.inputs, ...view.outputs]));
  const shapes = await probeShapes(open);
  const held = view.outputs.find(name => typeof shapes.get(name)?.[0] !== 'string');
  if (held !== undefined) {
    throw new VeilError(
      'bad_request',
      `The tail takes one sample at a time: its output ${held} does not follow the batch. Nothing was written.`,
      'Export it with a batch axis, or add --max-batch 0 to serve one sample a request.'
    );
  }
  return open;
}

function opened(model: OnnxModel, active: ReadonlySet<string>): OnnxModel {
  const isHeld = (port: ValueInfoProto) => active.has(port.name) && leading(port) === 1;
  const { graph } = model.graph.input.some(isHeld) ? reshaping(model) : model;
  const symbolic = (port: ValueInfoProto) => (isHeld(port) ? withSymbol(port) : port);
  return withGraph(model, { ...graph, input: graph.input.map(symbolic), output: graph.output.map(symbolic), valueInfo: [] });
}

/** A Reshape to [1, …] takes the batch of what it reshapes instead: 0 stands for that (ONNX, Reshape). */
function reshaping(model: OnnxModel): OnnxModel {
  return rewrite(model, view =>
    model.graph.node.flatMap(old => {
      const shape = old.opType === 'Reshape' && view.active.has(old.input[0]) ? constantShape(view, old) : undefined;
      if (shape?.[0] !== 1 || integer(old, 'allowzero', 0) !== 0) {
        return [];
      }
      const name = `${old.output[0]} of any batch`;
      const reshape = node('Reshape', [old.input[0], name], old.output);
      return [{ nodes: new Map([[old, [reshape]]]), constants: [integerTensor(name, [0, ...shape.slice(1)])] }];
    })
  );
}

function constantShape(view: GraphView, { input }: NodeProto): number[] | undefined {
  const tensor = view.constant(input[1] ?? '');
  return tensor?.dataType === INT64 ? integersOf(tensor) : undefined;
}

/** Samples that a port is declared to hold; undefined where that is open. */
function leading({ type }: ValueInfoProto): number | undefined {
  const first = type?.value.case === 'tensorType' ? type.value.value.shape?.dim[0]?.value : undefined;
  return first?.case === 'dimValue' ? Number(first.value) : undefined;
}

function withSymbol(port: ValueInfoProto): ValueInfoProto {
  const copy = clone(ValueInfoProtoSchema, port);
  copy.type = clone(TypeProtoSchema, port.type!);
  if (copy.type.value.case === 'tensorType') {
    copy.type.value.value.shape!.dim[0].value = { case: 'dimParam', value: SYMBOL };
  }
  return copy;
}
