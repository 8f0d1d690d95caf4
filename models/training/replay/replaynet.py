#!/usr/bin/env python3
"""The face-replay network: wide crops in, one logit and its map out, like face-forgery's.

usage: replaynet.py NET.pt OUT.onnx       (exports)
All cells are read alike. A crop is geometry.py's square of FACTOR d, 3.2 faces wide, so that edges of what is held to the camera come into view. EfficientNet-Lite0's first eight blocks: a sixteenth of the side is a cell.
"""

import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "face"))
from facenet import FaceNet

SIZE, FACTOR, BLOCKS = 128, 8.0, 8
GRID = SIZE // 16


class ReplayNet(FaceNet):
    def __init__(self, dropout=0.3):
        super().__init__(dropout, BLOCKS, torch.full((1, GRID**2), 1 / GRID**2))


if __name__ == "__main__":
    import to_onnx

    to_onnx.export(ReplayNet(), *sys.argv[1:3], SIZE, GRID)
