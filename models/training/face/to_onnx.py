#!/usr/bin/env python3
"""From a weight average to ONNX (opset 17, float32, dynamic batch), batch normalisation folded by the exporter, and a check that both say the same.

usage: to_onnx.py NET.pt OUT.onnx
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch

from facenet import GRID, SIZE, FaceNet

LARGEST, CLOSE = 8 << 20, 2e-3


def export(net, source, out, side, grid):
    """Writes the graph of a network that answers a logit and a map of grid x grid cells for crops of `side` pixels."""
    net.load_state_dict(torch.load(source, weights_only=True))
    net.eval()
    rng = np.random.default_rng(4)
    draw = lambda n: rng.integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    names = dict(input_names=["crop"], output_names=["scores"], dynamic_axes={"crop": {0: "batch"}, "scores": {0: "batch"}})
    torch.onnx.export(net, (torch.from_numpy(draw(2)),), out, opset_version=17, dynamo=False, **names)
    graph = onnx.load(out)
    graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 1 + grid * grid
    onnx.save(graph, out)
    onnx.checker.check_model(out)
    size = pathlib.Path(out).stat().st_size
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    crops = np.concatenate([draw(3), draw(2) // 8, np.zeros((1, side, side, 3), np.uint8)])
    together = session.run(None, {"crop": crops})[0]
    alone = np.concatenate([session.run(None, {"crop": c[None]})[0] for c in crops])
    with torch.no_grad():
        here = net(torch.from_numpy(crops)).numpy()
    worst = max(float(np.abs(together - here).max()), float(np.abs(together - alone).max()), float(np.abs(together[:, 0] - together[:, 1:].mean(1)).max()))
    print(f"{out}: {size} bytes, largest difference {worst:.1e}, black gives {together[-1, 0]:.2f}")
    if size > LARGEST or worst > CLOSE or not np.isfinite(together).all():
        raise SystemExit("the exported graph is too large or does not say what the network says")


if __name__ == "__main__":
    export(FaceNet(), *sys.argv[1:3], SIZE, GRID)
