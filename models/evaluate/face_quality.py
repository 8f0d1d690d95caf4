#!/usr/bin/env python3
"""What quality terms in the calibration of face-forgery or face-replay would bring: a table in Markdown.

usage: face_quality.py WORK --yunet GRAPH     (WORK as face_score.py or replay_score.py left it)
A term may only scale the score, and only so that worse quality says less: its slope is bounded to that sign. Calibrated out of fold as face_measure.py does, on clips and recordings, all conditions; the ridge is chosen on the other folds. Every window counts, by
calibrate.py's weights. `bits` is no measure but what frames.py coded each clip with, which a measure of compression could only guess (clips as they are take the centre). Turns are told by YuNet's points in the crops. Intervals: bootstrap over people and systems.
"""

import argparse
import collections
import csv
import json
import pathlib

import cv2
import numpy as np
from scipy.optimize import minimize
from scipy.stats import spearmanr

import calibrate
import face_measure
from face_score import WINDOW_S
import eyes
import frames

NOSE_OUT = 0.5  # the gate's
RIDGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
# name: measure, transform, least, most; 1 where more is better
TERMS = {"face size": ("face_px", "ln", 40.0, 300.0, 1), "sharpness, of the crop": ("sharpness", "linear", 1.5, 6.5, 1), "sharpness, in the picture's pixels": ("sharp_native", "linear", 2.0, 7.0, 1), "light": ("light", "linear", 35.0, 130.0, 1),
         "turned aside": ("yaw_deg", "linear", 0.0, 50.0, -1), "block grid": ("grid", "linear", 1.0, 1.5, -1), "coded bits a pixel, as known": ("bits", "ln", 0.04, 1.0, 1)}


def turns(path, sight):
    """[(seconds, degrees aside)] of the looks in whose crop the face is found again, as the program's gate has it of five points"""
    taken, found = np.load(path), []
    for known, crop in zip(json.loads(str(taken["facts"])), taken["crops"]):
        seen = sight.faces(cv2.copyMakeBorder(cv2.resize(crop[..., ::-1], (320, 320), interpolation=cv2.INTER_CUBIC), *[80] * 4, cv2.BORDER_REPLICATE))
        points = seen[:, 4:14].reshape(-1, 5, 2)
        for p in points[np.argsort(np.hypot(*(points.mean(1) - 240).T))[:1]]:
            eye, down = (p[0] + p[1]) / 2, (p[3] + p[4] - p[0] - p[1]) / 2
            aside = p[2] - eye - (p[2] - eye) @ down / max(down @ down, 1e-6) * down
            found.append((known["seconds"], np.degrees(np.arctan(np.hypot(*aside) / max(np.hypot(*(p[1] - p[0])), 1e-6) / NOSE_OUT))))
    return found


def observe(work, windows, sight):
    """Adds yaw_deg, bits (a pixel, at 25 pictures a second) and codec, None where not known"""
    folder, listed = work / ("frames" if (work / "frames").is_dir() else "shots"), work / "pictures.csv"
    rows = {r["id"]: r for r in csv.DictReader(open(listed))} if listed.is_file() else {}
    yaws = {path: turns(folder / f"{path}.npz", sight) for path in {w["path"] for w in windows}}
    for w in windows:
        here = [d for s, d in yaws[w["path"]] if w["to_s"] - WINDOW_S - 1e-6 < s <= w["to_s"] + 1e-6]
        coded = frames.line(rows[w["id"]], w["version"]) if rows and w["version"] != "plain" else None
        w.update(yaw_deg=np.mean(here) if here else None, codec=coded and coded[coded.index("-c:v") + 1], bits=coded and 1e3 * float(coded[-1][:-1]) / 25 / (w["frame_w"] * w["frame_h"]))


def fit(windows, terms, ridge):
    z, constants = calibrate.terms_of(windows, [t[:4] for t in terms])
    s, sign, weight = np.array([w["logit"] for w in windows]), np.array([1 if w["label"] == "fake" else -1 for w in windows]), calibrate.weights(windows, face_measure.FULL)
    design = np.concatenate([np.ones((len(s), 1)), s[:, None], z * s[:, None]], 1)

    def cost(c):
        llr, b = design @ c, np.r_[0, 0, c[2:]]
        return np.sum(weight * np.logaddexp(0, -sign * llr)) + ridge * b @ b, design.T @ (-weight * sign / (1 + np.exp(np.clip(sign * llr, -60, 60)))) + 2 * ridge * b

    c = minimize(cost, np.r_[0.0, 1.0, np.zeros(len(terms))], jac=True, method="L-BFGS-B", bounds=[(None, None), (0, None)] + [(0, None) if t[4] > 0 else (None, 0) for t in terms]).x
    return dict(offset=c[0], slope=c[1], quality=[{**t, "offset": 0.0, "slope": b} for t, b in zip(constants, calibrate.bounded(c[1], c[2:], constants))])


def losses(windows, llr):
    return np.logaddexp(0, np.where([w["label"] == "fake" for w in windows], -1, 1) * llr) / np.log(2)


def out_of_fold(windows, terms, ridge=None):
    """(llr of every window by the other folds' calibration, scaled by the share at which it costs least; those calibrations)"""
    fold, llr, found = np.array([w["fold"] for w in windows]), np.zeros(len(windows)), []
    for k in np.unique(fold):
        others = [w for w in windows if w["fold"] != k]
        least = ridge if ridge or not terms else min(RIDGES, key=lambda r: calibrate.weights(others, face_measure.FULL) @ losses(others, out_of_fold(others, terms, r)[0]))
        found.append(fit(others, terms, least or 0.0))
        llr[fold == k] = calibrate.apply(found[-1], [w for w in windows if w["fold"] == k])
    weight = calibrate.weights(windows, face_measure.FULL)
    return llr * min(np.arange(face_measure.LEAST_SHARE, 1.001, 0.05), key=lambda share: weight @ losses(windows, share * llr)), found


def compared(windows, before, after, rounds=2000):
    """Cllr before, and how much more it is after, with its interval"""
    weight, label = calibrate.weights(windows, face_measure.FULL), np.array([w["label"] for w in windows])
    unit, rng, costs = np.array([w["source"] if w["label"] == "real" else f"{w['system']}@{w['source']}" for w in windows]), np.random.default_rng(4), 0
    for part in (label == "real", label == "fake"):
        names, at = np.unique(unit[part], return_inverse=True)
        drawn = np.concatenate([[np.arange(len(names))], rng.integers(0, len(names), (rounds, len(names)))])
        total, old, new = (np.bincount(at, weight[part] * x)[drawn].sum(1) for x in (1.0, losses(windows, before)[part], losses(windows, after)[part]))
        costs = costs + np.array([old, new - old]) / total / 2
    return f"{costs[0, 0]:.3f} | {costs[1, 0]:+.4f} [{np.percentile(costs[1, 1:], 2.5):+.4f}, {np.percentile(costs[1, 1:], 97.5):+.4f}]"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--yunet", required=True)
    a = ap.parse_args()
    cv2.setNumThreads(1)
    windows = face_measure.calibratable(face_measure.load(a.work / "eval" / "windows.jsonl"))
    observe(a.work, windows, eyes.Eyes(a.yunet))
    terms, (before, _) = {n: t for n, t in TERMS.items() if any(w[t[0]] is not None for w in windows)}, out_of_fold(windows, [])
    print("| term | Cllr without | more with it | in the worst third: Cllr without | more with it | its slope (of a deviation) / the score's, by fold |", "| --- | --- | --- | --- | --- | --- |", sep="\n")
    for name, taken in [*((n, [t]) for n, t in terms.items()), ("all but the last" if "bits" in {t[0] for t in terms.values()} else "all", [t for t in terms.values() if t[0] != "bits"])]:
        (after, found), worst = out_of_fold(windows, taken), "- | -"
        if len(taken) == 1:
            value = np.array([w[taken[0][0]] for w in windows], float) * taken[0][4]
            here = np.flatnonzero(value <= np.nanquantile(value, 1 / 3))
            worst = compared([windows[i] for i in here], before[here], after[here])
        slopes = "; ".join(", ".join(f"{c['quality'][i]['slope'] / c['slope']:+.2f}" for c in found) for i in range(len(taken)))
        print(f"| {name} | {compared(windows, before, after)} | {worst} | {slopes} |")
    people, systems = ({w["source" if label == "real" else "system"] for w in windows if w["label"] == label} for label in ("real", "fake"))
    print(f"\n{len(windows)} windows of {len({w['path'] for w in windows})} clips and recordings, of {len(people)} people and {len(systems)} systems.")
    for codec in sorted({w["codec"] for w in windows if w["codec"]}):
        clips = collections.defaultdict(list)
        for w in windows:
            if w["codec"] == codec and w["version"] == "line":
                clips[w["path"]].append((w["grid"], w["bits"]))
        print(f"{codec}: rank correlation of block grid and bits a pixel {spearmanr([np.mean(c, 0) for c in clips.values()]).statistic:+.2f} ({len(clips)} clips of the version `line`).")


if __name__ == "__main__":
    main()
