"""The face detector: one 320 px RGB picture in bytes in, 2100 scored boxes with five landmarks out; pre-processing and decoding are part of the graph.

Depthwise separable blocks at strides 4 to 32, a top-down pyramid, one small head a level; the anchors are YuNet's grid, one a cell at strides 8, 16, 32.
"""

import torch
import torch.nn.functional as F
from torch import nn

import teacher

WIDTHS = (16, 24, 48, 96, 192)  # at strides 2, 4, 8, 16, 32
REPEATS = (1, 3, 3, 2)  # blocks after the down-sampling one, at strides 4 to 32
PYRAMID = 48
FACE = 15  # score, box, five landmarks
RARE = -4.0  # the score's logit before training: most anchors see no face
LARGEST = 4.0  # of the logarithm of a box's side in strides: keeps the exponential finite


def conv(inside, out, kernel, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out))


class Block(nn.Module):
    """Depthwise, then pointwise; added to its input where the shapes allow."""

    def __init__(self, inside, out, kernel=3, stride=1):
        super().__init__()
        self.layers = nn.Sequential(conv(inside, inside, kernel, stride, inside), nn.ReLU(), conv(inside, out, 1))
        self.skip = stride == 1 and inside == out

    def forward(self, x):
        y = self.layers(x)
        return F.relu(x + y if self.skip else y)


def level(inside, out, repeats, kernel, stride):
    return nn.Sequential(Block(inside, out, kernel, stride), *(Block(out, out, kernel) for _ in range(repeats)))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(PYRAMID, PYRAMID)
        self.score = nn.Conv2d(PYRAMID, 1, 1)
        self.place = nn.Sequential(Block(PYRAMID, PYRAMID), nn.Conv2d(PYRAMID, FACE - 1, 1))
        nn.init.constant_(self.score.bias, RARE)

    def forward(self, x):
        x = self.block(x)
        return torch.cat([self.score(x), self.place(x)], 1).flatten(2)


class FaceDetector(nn.Module):
    def __init__(self):
        super().__init__()
        w = WIDTHS
        self.stem = nn.Sequential(conv(3, w[0], 3, 2), nn.ReLU(), conv(w[0], w[1], 3, 2), nn.ReLU(), *(Block(w[1], w[1]) for _ in range(REPEATS[0])))
        self.levels = nn.ModuleList([level(w[1], w[2], REPEATS[1], 3, 2), level(w[2], w[3], REPEATS[2], 5, 2), level(w[3], w[4], REPEATS[3], 5, 2)])
        self.across = nn.ModuleList(conv(n, PYRAMID, 1) for n in w[2:])
        self.smooth = nn.ModuleList(Block(PYRAMID, PYRAMID) for _ in w[2:4])
        self.heads = nn.ModuleList(Head() for _ in teacher.STRIDES)
        at, step = teacher.corners()
        self.register_buffer("at", torch.from_numpy(at.T.copy()), persistent=False)
        self.register_buffer("step", torch.from_numpy(step.T.copy()), persistent=False)

    def forward(self, picture):
        return self.decode(self.raw(picture)).transpose(1, 2)

    def raw(self, picture):
        """[batch, 320, 320, 3] bytes to [batch, 15, N]: logit, and places in strides from the anchor's corner."""
        # Levels 0 to 255 as they are: the first normalisation takes their scale away, and black is what the border is padded with.
        x = self.stem(picture.permute(0, 3, 1, 2).float())
        maps = []
        for part in self.levels:
            x = part(x)
            maps.append(x)
        found = [F.relu(self.across[2](maps[2]))]
        for i in (1, 0):
            above = F.interpolate(found[0], scale_factor=2.0, mode="nearest")
            found.insert(0, self.smooth[i](F.relu(self.across[i](maps[i]) + above)))
        return torch.cat([head(x) for head, x in zip(self.heads, found)], 2)

    def decode(self, raw):
        """Channels first, as the places are joined faster that way."""
        score = torch.sigmoid(raw[:, :1])
        size = torch.exp(torch.clamp(raw[:, 3:5], max=LARGEST)) * self.step
        corner = self.at + raw[:, 1:3] * self.step - size / 2
        points = raw[:, 5:] * self.step + self.at.repeat(5, 1)
        return torch.cat([score, corner, size, points], 1)
