#!/usr/bin/env python3
"""Windows of what each fold's network says of the clips and recordings that it left out, from the crops that frames.py took.

usage: face_score.py WORK [--folds 0,1,2,3,4]
As the program does: a window ends every half second and is the mean of the crops of the second before, at least three of them. Writes WORK/eval/windows.jsonl:
a line a window with its score, what could be observed, and whose it is.
"""

import argparse
import collections
import csv
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "training" / "face"))
import facefolds
from frames import sharpness

HOP_S, WINDOW_S, LEAST = 0.5, 1.0, 3
LEAST_FACE_PX, LEAST_LUMA, LEAST_SHARPNESS = 40.0, 35.0, 1.5  # the program's gate
CUES = ("frame_w", "frame_h", "sharp_native", "sharp_crop", "light", "contrast", "saturation", "hue", "grid", "noise", "black", "place_x", "place_y", "face_px")


def windows(facts, logit, sharp):
    """(to_s, indices of the looks)"""
    seconds = np.array([f["seconds"] for f in facts])
    usable = np.array([f["face_px"] >= LEAST_FACE_PX and f["light"] >= LEAST_LUMA and s >= LEAST_SHARPNESS for f, s in zip(facts, sharp)])
    for end in np.arange(HOP_S, seconds[-1] + HOP_S, HOP_S) if len(seconds) else []:
        here = np.flatnonzero(usable & (seconds > end - WINDOW_S - 1e-6) & (seconds <= end + 1e-6))
        if len(here) >= LEAST and seconds[here].max() > end - HOP_S:
            yield round(float(end), 2), here


def score_of(session, crops):
    return np.concatenate([session.run(None, {"crop": crops[i : i + 16]})[0][:, 0] for i in range(0, len(crops), 16)]) if len(crops) else np.zeros(0)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--folds", default=",".join(map(str, range(facefolds.FOLDS))))
    a = ap.parse_args()
    rows, folds = list(csv.DictReader(open(a.work / "pictures.csv"))), facefolds.table()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    (a.work / "eval").mkdir(exist_ok=True)
    counted = collections.Counter()
    with open(a.work / "eval" / "windows.jsonl", "w") as out:
        for k in map(int, a.folds.split(",")):
            session = onnxruntime.InferenceSession(a.work / "runs" / f"fold{k}" / "face-forgery.onnx", options, providers=["CPUExecutionProvider"])
            for r in facefolds.tested(rows, k, folds):
                for path in sorted((a.work / "frames").glob(f"{r['id']}-*.npz")):
                    version = path.stem.split("-")[1]
                    if path.name.endswith(".part.npz"):
                        continue
                    taken = np.load(path)
                    facts, crops = json.loads(str(taken["facts"])), taken["crops"]
                    logit, sharp = score_of(session, crops), [sharpness(c) for c in crops]
                    of = dict(path=f"{r['id']}-{version}", id=r["id"], version=version, kind=r["kind"], label=r["label"], system=r["system"], person=r["person"] or r["id"], pair=r["pair"], source=r["source"], fold=k,
                              met=facefolds.shared_system(r, folds), has_audio=r["has_audio"])
                    found = list(windows(facts, logit, sharp))
                    counted[(version, r["label"], "scored" if found else "no window")] += 1
                    for end, here in found:
                        cues = {c: float(np.mean([facts[i][c] for i in here])) for c in CUES}
                        out.write(json.dumps({**of, "to_s": end, "logit": float(logit[here].mean()), "sharpness": float(np.mean([sharp[i] for i in here])), **cues}) + "\n")
    print(dict(counted))


if __name__ == "__main__":
    main()
