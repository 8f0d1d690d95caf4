#!/usr/bin/env python3
"""Windows of what each fold's network says of the clips and recordings that it left out, from the crops that frames.py took.

usage: face_score.py WORK [--folds 0,1,2,3,4]
As the program does: a window ends every half second and is the mean of the crops of the second before, at least three of them. Writes WORK/eval/windows.jsonl:
a line a window with its score, what could be observed, and whose it is; windows-unswapped.jsonl: the same of the real-time swaps and their originals, by the network that met none (runs/unswapped);
and looks.json: how many windows each clip had.
"""

import argparse
import csv
import json
import pathlib
import sys

import cv2
import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "training" / "face"))
import facefolds
from eyes import session
from frames import sharpness

HOP_S, WINDOW_S, LEAST = 0.5, 1.0, 3
LEAST_FACE_PX, LEAST_LUMA, LEAST_SHARPNESS = 40.0, 35.0, 1.5  # the program's gate
MOST_COVER = 12.0  # ... and its rule against masks
CUES = ("frame_w", "frame_h", "sharp_native", "sharp_crop", "light", "contrast", "saturation", "hue", "grid", "noise", "black", "place_x", "place_y", "face_px")


def cover(crop):
    """How far the colour of mouth and chin lies from that between the eyes (a*, b* of CIE 1976 L*a*b*, medians of the crop in 40 x 40 pixels), as the program has it"""
    lab = cv2.cvtColor(cv2.resize(crop, (40, 40), interpolation=cv2.INTER_AREA).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    bridge, mouth = (np.median(part.reshape(-1, 3), axis=0) for part in (lab[13:18, 18:22], lab[21:29, 16:24]))
    return float(np.hypot(*(mouth - bridge)[1:]))


def windows(facts, sharp, least=LEAST, covers=None):
    """(to_s, indices of the looks), of at least so many"""
    seconds = np.array([f["seconds"] for f in facts])
    usable = np.array([f["face_px"] >= LEAST_FACE_PX and f["light"] >= LEAST_LUMA and s >= LEAST_SHARPNESS and c <= MOST_COVER for f, s, c in zip(facts, sharp, covers or [0.0] * len(facts))])
    for end in np.arange(HOP_S, seconds[-1] + HOP_S, HOP_S) if len(seconds) else []:
        here = np.flatnonzero(usable & (seconds > end - WINDOW_S - 1e-6) & (seconds <= end + 1e-6))
        if len(here) >= least and seconds[here].max() > end - HOP_S:
            yield round(float(end), 2), here


def score_of(session, crops):
    return np.concatenate([session.run(None, {"crop": crops[i : i + 16]})[0][:, 0] for i in range(0, len(crops), 16)]) if len(crops) else np.zeros(0)


def network(path):
    if not path.is_file():
        sys.exit(f"face_score.py: {path} is missing: models/training/train_face.sh trains and exports it")
    return session(path)


def about(row, version, fold, folds):
    """What a line says of whose it is"""
    return dict(path=f"{row['id']}-{version}", id=row["id"], version=version, kind=row["kind"], label=row["label"], system=row["system"], person=row["person"] or row["id"], pair=row["pair"], source=row["source"], fold=fold,
                met=facefolds.shared_system(row, folds), has_audio=row["has_audio"])


def lines(work, rows, session, fold, folds, versions=None):
    """(what is said of each clip and version, or only of some versions; its windows' lines)"""
    for r in rows:
        for path in sorted((work / "frames").glob(f"{r['id']}-*.npz")):
            if path.name.endswith(".part.npz") or (versions and path.stem.split("-")[1] not in versions):
                continue
            taken = np.load(path)
            facts, crops = json.loads(str(taken["facts"])), taken["crops"]
            logit, sharp, of = score_of(session, crops), [sharpness(c) for c in crops], about(r, path.stem.split("-")[1], fold, folds)
            yield of, [{**of, "to_s": end, "logit": float(logit[here].mean()), "sharpness": float(np.mean([sharp[i] for i in here])), **{c: float(np.mean([facts[i][c] for i in here])) for c in CUES}} for end, here in windows(facts, sharp, covers=[cover(c) for c in crops])]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--folds", default=",".join(map(str, range(facefolds.FOLDS))))
    a = ap.parse_args()
    rows, folds, out = list(csv.DictReader(open(a.work / "pictures.csv"))), facefolds.table(), a.work / "eval"
    graphs = {k: network(a.work / "runs" / f"fold{k}" / "face-forgery.onnx") for k in map(int, a.folds.split(","))}
    unswapped = network(a.work / "runs" / "unswapped" / "face-forgery.onnx")
    out.mkdir(exist_ok=True)
    looks = []
    with open(out / "windows.jsonl", "w") as file:
        for k, session in graphs.items():
            for of, found in lines(a.work, facefolds.tested(rows, k, folds), session, k, folds):
                looks.append(dict(of, windows=len(found)))
                file.writelines(json.dumps(w) + "\n" for w in found)
    (out / "looks.json").write_text(json.dumps(looks))
    with open(out / "windows-unswapped.jsonl", "w") as file:
        for k in graphs:
            for _, found in lines(a.work, [r for r in facefolds.tested(rows, k, folds) if r["pair"]], unswapped, k, folds):
                file.writelines(json.dumps(w) + "\n" for w in found)
    print(len(looks), "files,", sum(r["windows"] == 0 for r in looks), "without a window")


if __name__ == "__main__":
    main()
