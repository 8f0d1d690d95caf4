"""The face-forgery network: crops in, one logit and its map out; all pre-processing is part of the graph.

ImageNet-pretrained EfficientNet-Lite0, stem and first eleven blocks: a tenth of the crop's side is a cell of the last grid. Every cell has a logit, the crop's logit is their mean, so the map says where
it comes from. Cut there because traces of generation are small and local, and because what lies deeper knows people and pages. No operation mixes rows of a batch.
"""

import pathlib
import sys

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import lite0
from geometry import SIZE

GRID = SIZE // 16


class FaceNet(nn.Module):
    def __init__(self, dropout=0.3, blocks=len(lite0.BLOCKS)):
        super().__init__()
        self.stem, self.blocks = lite0.layers(blocks)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Conv2d(lite0.BLOCKS[blocks - 1][-1], 1, 1)
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, crop):
        """[batch, side, side, 3] uint8 to [batch, 1 + cells]: the logit, then the map, row by row."""
        x = (crop.permute(0, 3, 1, 2).float() - 127) / 128
        cells = self.out(self.blocks(self.stem(x))).flatten(1)
        return torch.cat([cells.mean(1, keepdim=True), cells], 1)

    def train(self, mode=True):
        """Stem and first block stay as they were found: they cost a third of a step, and their sixteen channels at half the side still hold the whole picture."""
        super().train(mode)
        self.stem.eval()
        self.blocks[0].eval()
        return self

    def logit(self, x):
        """For training: of [batch, 3, side, side] floats; drops channels of the pooled map, which is the same sum."""
        with torch.no_grad():
            x = self.blocks[0](self.stem(x))
        pooled = self.drop(self.blocks[1:](x).mean((2, 3)))
        return pooled @ self.out.weight[0, :, 0, 0] + self.out.bias[0]

    def load_backbone(self):
        lite0.load(self.stem, self.blocks)
