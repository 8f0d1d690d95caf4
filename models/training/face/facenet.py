"""The face-forgery network: crops in, one logit and its map out; all pre-processing is part of the graph.

ImageNet-pretrained EfficientNet-Lite0, stem and first eleven blocks: a tenth of the crop's side is a cell of the last grid. Every cell has a logit, the crop's logit is their mean, so the map says where
it comes from. The cells of the face and those around it are read by weights of their own and count half each, so what differs between inside and outside can speak where camera and codec cancel. Cut there because traces of generation are small and local, and because what lies deeper knows people and pages. No operation mixes rows of a batch.
"""

import pathlib
import sys

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import lite0
from geometry import SIZE

GRID = SIZE // 16
FACE = (0.5, 0.53), (0.22, 0.29)  # middle and half axes of an upright face in the crop, in its sides


def inside_and_around():
    """[2, cells]: how much a cell of the face, and one around it, counts; each row adds up to a half."""
    at = (torch.arange(GRID) + 0.5) / GRID
    (x, y), (wide, high) = FACE
    face = (((at[None] - x) / wide) ** 2 + ((at[:, None] - y) / high) ** 2 < 1).flatten()
    both = torch.stack([face, ~face]).float()
    return both / both.sum(1, keepdim=True) / 2


class FaceNet(nn.Module):
    """`shares` [regions, cells] adds up to one: how much each cell counts for what is read by its region's weights."""

    def __init__(self, dropout=0.3, blocks=len(lite0.BLOCKS), shares=None):
        super().__init__()
        self.stem, self.blocks = lite0.layers(blocks)
        self.drop = nn.Dropout(dropout)
        self.register_buffer("shares", inside_and_around() if shares is None else shares, persistent=False)
        self.out = nn.Conv2d(lite0.BLOCKS[blocks - 1][-1], len(self.shares), 1)
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, crop):
        """[batch, side, side, 3] uint8 to [batch, 1 + cells]: the logit, then the map, row by row."""
        x = (crop.permute(0, 3, 1, 2).float() - 127) / 128
        cells = (self.out(self.blocks(self.stem(x))).flatten(2) * self.shares).sum(1) * self.shares.shape[1]
        return torch.cat([cells.mean(1, keepdim=True), cells], 1)

    def train(self, mode=True):
        """Stem and first block stay as they were found: they cost a third of a step, and their sixteen channels at half the side still hold the whole picture."""
        super().train(mode)
        self.stem.eval()
        self.blocks[0].eval()
        return self

    def logit(self, x):
        """For training: of [batch, 3, side, side] floats; drops channels of the pooled maps, which is the same sum."""
        with torch.no_grad():
            x = self.blocks[0](self.stem(x))
        pooled = self.drop(torch.einsum("bcn,rn->brc", self.blocks[1:](x).flatten(2), self.shares))
        return (pooled * self.out.weight[:, :, 0, 0]).sum((1, 2)) + (self.out.bias * self.shares.sum(1)).sum()

    def load_backbone(self):
        lite0.load(self.stem, self.blocks)
