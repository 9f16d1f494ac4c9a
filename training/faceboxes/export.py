"""Cut the network at its second pooling layer and write head.onnx and tail.onnx (needs the onnx package)."""

import os

import torch
import torch.nn as nn

from model import load_weights


class Head(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return self.net.head(image)


class Tail(Head):
    def forward(self, activation):
        loc, conf = self.net.tail(activation)
        return loc, conf.softmax(-1)


def export(args):
    from torch.onnx import register_custom_op_symbolic

    def avg_pool(g, x, kernel, stride, pad, ceil, count, divisor=None):
        # the stock symbol writes a separate Pad; AveragePool can count padding itself
        return g.op(
            "AveragePool", x, kernel_shape_i=[3, 3], strides_i=[1, 1], pads_i=[1, 1, 1, 1], count_include_pad_i=1
        )

    register_custom_op_symbolic("aten::avg_pool2d", avg_pool, args.opset)
    net = load_weights(args.weights).to(memory_format=torch.contiguous_format)
    for name, module, shape, inputs, outputs in (
        ("head", Head(net), (1, 3, 1024, 1024), ["image"], ["activation"]),
        ("tail", Tail(net), (1, 128, 32, 32), ["activation"], ["loc", "conf"]),
    ):
        torch.onnx.export(
            module.eval(),
            torch.zeros(shape),
            os.path.join(args.out, name + ".onnx"),
            opset_version=args.opset,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={n: {0: "N"} for n in inputs + outputs},
        )
        tidy(os.path.join(args.out, name + ".onnx"))


def tidy(path):
    """Constants become initialisers, and the outputs get their known sizes."""
    import onnx

    m = onnx.load(path)
    for node in [n for n in m.graph.node if n.op_type == "Constant"]:
        t = node.attribute[0].t
        t.name = node.output[0]
        m.graph.initializer.append(t)
        m.graph.node.remove(node)
    known = {"activation": (128, 32, 32), "loc": (21824, 4), "conf": (21824, 2)}
    for out in m.graph.output:
        for d, size in zip(out.type.tensor_type.shape.dim[1:], known[out.name]):
            d.dim_value = size
    onnx.checker.check_model(m)
    onnx.save(m, path)
