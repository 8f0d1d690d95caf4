#!/usr/bin/env python3
"""Trains the face-replay network on the pairs that surroundings.py made; one recipe and length for every fold and for the shipped model.

usage: replayfit.py WORK --face FACE --name NAME [--fold K] [--steps N] [--pairs N] [--threads N] [--seed N]
A fold's training leaves out whoever and whatever source it is tested on, and two whole species of presentation. Resumes from WORK/runs/NAME/last.pt; a step's batch depends on seed and step alone.
Writes WORK/runs/NAME/{last.pt,net.pt,log.csv}; net.pt holds the weight average.
"""

import argparse
import csv
import json
import pathlib
import sys

import cv2
import numpy as np
import torch

import replaynet

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import facefolds
import pairs
from fit import train

# Species that a fold's network never meets: one that is near to another, and one that is not.
UNSEEN = {0: ("monitor", "photo"), 1: ("phone", "print"), 2: ("oled", "paper"), 3: ("monitor", "paper"), 4: ("oled", "print"), None: ()}


def bank(work, rows, fold, folds):
    """[(genuine, its landmarks, capture, its landmarks, species)] that may be learnt from"""
    allowed = {r["id"] for r in facefolds.trains(rows, fold, folds) if r["label"] == "real"}
    out = []
    for path in sorted((work / "bank").glob("[0-9]*[0-9].npz")):
        taken = np.load(path)
        about = json.loads(str(taken["about"]))
        if about["id"] in allowed and about["species"] not in UNSEEN[fold]:
            out.append((taken["genuine"], taken["here"], taken["capture"], taken["there"], about["species"]))
    return out


def batch(pool, rng, count):
    """crops [2 count, SIZE, SIZE, 3] uint8 (2i genuine, 2i + 1 captured), species"""
    crops, species = [], []
    for _ in range(count):
        genuine, here, taken, there, name = pairs.pick(rng, pool)
        one = pairs.plan(rng, replaynet.SIZE, replaynet.FACTOR) | dict(border=cv2.BORDER_CONSTANT)
        both, black = pairs.bordered([pairs.shaped(genuine, here, one), pairs.shaped(taken, there, one)], one)
        crops += [pairs.coloured(x, black, one) for x in both]
        species.append(name)
    return np.stack(crops), species


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--name", required=True)
    ap.add_argument("--fold", type=int)
    ap.add_argument("--steps", type=int, default=300)
    ap.add_argument("--pairs", type=int, default=12)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=4)
    ap.add_argument("--from-scratch", action="store_true", help="without the pretrained backbone (smoke test only)")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(a.seed)
    out = a.work / "runs" / a.name
    out.mkdir(parents=True, exist_ok=True)
    pool = bank(a.work, list(csv.DictReader(open(a.face / "pictures.csv"))), a.fold, facefolds.table())
    about = f"{len(pool)} pairs of {len({p[-1] for p in pool})} species"
    train(replaynet.ReplayNet(), out, lambda rng: batch(pool, rng, a.pairs), a, about)


if __name__ == "__main__":
    main()
