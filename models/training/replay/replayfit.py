#!/usr/bin/env python3
"""Trains the face-replay network on the pairs that surroundings.py made; one recipe and length for every fold and for the shipped model.

usage: replayfit.py WORK --face FACE --name NAME [--fold K] [--steps N] [--dim SHARE] [--pairs N] [--device D] [--workers N] [--threads N] [--seed N]
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

import replaynet

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import facefolds
import pairs
from fit import begun, train

# Species that a fold's network never meets: one that is near to another, and one that is not.
UNSEEN = {0: ("monitor", "photo"), 1: ("phone", "print"), 2: ("oled", "paper"), 3: ("monitor", "paper"), 4: ("oled", "print"), None: ()}

DIM = (0.2, 0.6)  # dim rooms and dark faces: what is left of the light


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


def batch(pool, rng, count, dim):
    """crops [2 count, SIZE, SIZE, 3] uint8 (2i genuine, 2i + 1 captured), species; a share `dim` of the pairs in little light (None: as rarely as face-forgery's)"""
    crops, species = [], []
    for _ in range(count):
        genuine, here, taken, there, name = pairs.pick(rng, pool)
        one = pairs.plan(rng, replaynet.SIZE, replaynet.FACTOR) | dict(border=cv2.BORDER_CONSTANT)
        if dim is not None:
            one["dark"] = rng.uniform(*DIM) if rng.random() < dim else 1.0
        both, black = pairs.bordered([pairs.shaped(genuine, here, one), pairs.shaped(taken, there, one)], one)
        crops += [pairs.coloured(x, black, one) for x in both]
        species.append(name)
    return np.stack(crops), species


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--dim", type=float)
    a, out = begun(ap, 1800, 12)
    pool = bank(a.work, list(csv.DictReader(open(a.face / "pictures.csv"))), a.fold, facefolds.table())
    about = f"{len(pool)} pairs of {len({p[-1] for p in pool})} species"
    train(replaynet.ReplayNet(), out, lambda rng: batch(pool, rng, a.pairs, a.dim), a, about)


if __name__ == "__main__":
    main()
