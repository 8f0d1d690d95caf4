#!/usr/bin/env python3
"""From a weight average to ONNX (opset 17, float32, dynamic batch), and a check that both say the same, alone and in a batch.

usage: export.py NET.pt OUT.onnx      (also takes the last.pt of a run under way)
"""

import pathlib
import sys

import numpy as np
import onnx
import torch

from detector import FACE, FaceDetector
from teacher import SIDE, corners, session

MOST_PARAMETERS, LARGEST, CLOSE = 400_000, 2 << 20, 2e-2  # CLOSE in px: places reach 320


def main():
    source, out = sys.argv[1:3]
    net = FaceDetector()
    state = torch.load(source, weights_only=True, map_location="cpu")
    net.load_state_dict(state.get("ema", state))
    net.eval()
    parameters = sum(p.numel() for p in net.parameters())
    rng = np.random.default_rng(4)
    pictures = rng.integers(0, 256, (4, SIDE, SIDE, 3), dtype=np.uint8)
    pictures[3] = 0
    example = torch.from_numpy(pictures[:2])
    torch.onnx.export(net, (example,), out, opset_version=17, dynamo=False, input_names=["picture"], output_names=["faces"], dynamic_axes={"picture": {0: "batch"}, "faces": {0: "batch"}})
    onnx.checker.check_model(out)
    graph = session(out)
    with torch.no_grad():
        here = net(torch.from_numpy(pictures)).numpy()
    worst = 0.0
    for batch in (1, 2, 4):
        said = np.concatenate([graph.run(None, {"picture": pictures[i : i + batch]})[0] for i in range(0, 4, batch)])
        worst = max(worst, float(np.abs(said - here).max()))
    size, anchors = pathlib.Path(out).stat().st_size, len(corners()[0])
    print(f"{out}: {size} bytes, {parameters} parameters, {anchors} anchors, largest difference {worst:.1e}")
    if parameters > MOST_PARAMETERS or size > LARGEST or not worst < CLOSE or here.shape != (4, anchors, FACE):
        raise SystemExit("the exported graph is too large or does not say what the network says")


if __name__ == "__main__":
    main()
