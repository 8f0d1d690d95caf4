#!/usr/bin/env python3
"""From a weight average to ONNX (opset 17, float32, dynamic batch), batch normalisation folded by the exporter, and a check that both say the same.

usage: export.py NET.pt OUT.onnx
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch

from net import SAMPLES, VoiceNet

LARGEST, CLOSE = 8 << 20, 2e-3


def main():
    source, out = sys.argv[1:3]
    net = VoiceNet()
    state = torch.load(source, weights_only=True)
    net.load_state_dict(state.get("ema", state))
    net.eval()
    rng = np.random.default_rng(4)
    example = torch.from_numpy(rng.normal(0, 0.05, (2, SAMPLES)).astype(np.float32))
    torch.onnx.export(net, (example,), out, opset_version=17, dynamo=False, input_names=["samples"], output_names=["logit"], dynamic_axes={"samples": {0: "batch"}, "logit": {0: "batch"}})
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
