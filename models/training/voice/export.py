#!/usr/bin/env python3
"""From a run's network and its weighed listener to one ONNX graph (opset 17, float32, dynamic batch), batch normalisation folded by the exporter, and a check that both say the same.

usage: export.py RUN OUT.onnx        (RUN holds net.pt of train.py and listener.pt of weigh.py)
The listener's weights are stored as 8 bits and a scale, which is what they were rounded to (listener.py), the network's convolutions as 16-bit floats; ONNX Runtime makes floats of them when it loads the graph.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch

from net import SAMPLES, Both
from onnx import TensorProto, helper, numpy_helper

LARGEST, CLOSE = 8_000_000, 1e-2


def packed(model, least=4_000):
    """The graph with every large weight stored small, and made floats again by its first nodes: as whole steps of a scale an output where it is that, as 16-bit floats if it is a picture's convolution."""
    made = []
    for tensor in [t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT and np.prod(t.dims) >= least]:
        weight, name = numpy_helper.to_array(tensor), tensor.name
        axis = weight.ndim - 1 if weight.ndim == 2 else 0  # a product's [in, out], a convolution's [out, in, width]
        others = tuple(i for i in range(weight.ndim) if i != axis)
        scale = np.maximum(np.abs(weight).max(others, keepdims=True), 1e-30) / 127
        steps = np.round(weight / scale)
        if np.abs(weight / scale - steps).max() > 1e-3:
            if weight.ndim == 4:
                model.graph.initializer.remove(tensor)
                model.graph.initializer.append(numpy_helper.from_array(weight.astype(np.float16), name + ".half"))
                made.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
            continue
        model.graph.initializer.remove(tensor)
        model.graph.initializer.extend([numpy_helper.from_array(steps.astype(np.int8), name + ".steps"), numpy_helper.from_array(scale.astype(np.float32), name + ".scale")])
        made += [helper.make_node("Cast", [name + ".steps"], [name + ".float"], to=TensorProto.FLOAT), helper.make_node("Mul", [name + ".float", name + ".scale"], [name])]
    for i, node in enumerate(made):
        model.graph.node.insert(i, node)
    return model


def main():
    source, out = pathlib.Path(sys.argv[1]), sys.argv[2]
    net = Both()
    net.voice.load_state_dict(torch.load(source / "net.pt", weights_only=True))
    missing, unexpected = net.load_state_dict(torch.load(source / "listener.pt", weights_only=True), strict=False)
    if unexpected or not all(name.startswith("voice.") for name in missing):
        raise SystemExit(f"{source / 'listener.pt'}: lacks {missing}, and holds {unexpected}: run weigh.py again")
    net.eval()
    rng = np.random.default_rng(4)
    example = torch.from_numpy(rng.normal(0, 0.05, (2, SAMPLES)).astype(np.float32))
    torch.onnx.export(net, (example,), out, opset_version=17, dynamo=False, input_names=["samples"], output_names=["logit"], dynamic_axes={"samples": {0: "batch"}, "logit": {0: "batch"}})
    onnx.save(packed(onnx.load(out)), out)
    onnx.checker.check_model(out)
    size = pathlib.Path(out).stat().st_size
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    worst = 0.0
    with torch.no_grad():
        for scale in (1e-4, 0.05, 0.5):
            samples = rng.normal(0, scale, (3, SAMPLES)).astype(np.float32)
            together = session.run(None, {"samples": samples})[0]
            alone = np.concatenate([session.run(None, {"samples": samples[i : i + 1]})[0] for i in range(3)])
            here = net(torch.from_numpy(samples)).numpy()
            worst = max(worst, float(np.abs(together - here).max()), float(np.abs(together - alone).max()))
    silent = session.run(None, {"samples": np.zeros((1, SAMPLES), np.float32)})[0]
    print(f"{out}: {size} bytes, largest difference {worst:.1e}, silence gives {float(silent[0]):.2f}")
    if size > LARGEST or worst > CLOSE or not np.isfinite(silent).all():
        raise SystemExit("the exported graph is too large or does not say what the network says")


if __name__ == "__main__":
    main()
