#!/usr/bin/env python3
"""The mean of the weights of networks that were trained from the same start: one network, at the cost of one.

usage: mean.py OUT.pt NET.pt NET.pt...
"""

import pathlib
import sys

import torch


def mean(states):
    if any(s.keys() != states[0].keys() for s in states):
        raise ValueError("the networks are not of one make")
    return {k: torch.stack([s[k] for s in states]).mean(0) if v.is_floating_point() else v for k, v in states[0].items()}


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    out, *nets = map(pathlib.Path, sys.argv[1:])
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(mean([torch.load(n, map_location="cpu", weights_only=True) for n in nets]), out)
