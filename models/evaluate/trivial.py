#!/usr/bin/env python3
"""What a detector that cannot hear would reach: boosted trees on sixteen trivial cues, out of fold, on the very clips the network is measured on.

usage: trivial.py WORK
Twice: on the recordings as they are, and after the path that every measured clip goes through (60 Hz high-pass, fixed level, 16 bit, cut). Writes WORK/eval/trivial.json.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import soundfile as sf
from sklearn.ensemble import HistGradientBoostingClassifier

import metrics
from render import CLIP_S, RATE_HZ, folds, path

FEW = 60  # training clips of one source and label, at most


def cues(wave):
    x = wave.astype(np.float64) / 32768
    frames = x[: len(x) // 160 * 160].reshape(-1, 160)
    level = 10 * np.log10((frames**2).mean(1) + 1e-12)
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    hz = np.fft.rfftfreq(len(x), 1 / RATE_HZ)
    bands = [10 * np.log10(power[(hz >= lo) & (hz < hi)].mean() + 1e-12) for lo, hi in ((0, 60), (60, 300), (300, 1000), (1000, 2000), (2000, 4000), (4000, 6000), (6000, 7500), (7500, 8001))]
    quiet = level < level.max() - 40
    start = int(np.argmin(quiet)) / 100
    end = int(np.argmin(quiet[::-1])) / 100
    return [10 * np.log10((x**2).mean() + 1e-12), np.abs(x).max(), x.mean(), len(x) / RATE_HZ, np.percentile(level, 5), start, end, float((wave == 0).mean()), *(np.array(bands) - bands[2])]


def main():
    work = pathlib.Path(sys.argv[1])
    rows, fold = list(csv.DictReader(open(work / "corpus.csv"))), folds.fold_of_source()
    listed = {r["id"] for r in csv.DictReader(open(work / "eval" / "list.csv")) if r["kind"] == "clip"}
    few, kept = {}, []
    for r in rows:
        key = (r["source"], r["label"])
        few[key] = few.get(key, 0) + 1
        if r["id"] in listed or few[key] <= FEW:
            kept.append(r)
    features = {"raw": {}, "normalised": {}}
    for r in kept:
        wave, _ = sf.read(r["path"], dtype="int16", stop=60 * RATE_HZ)
        features["raw"][r["id"]] = cues(wave)
        rng = np.random.default_rng(int(r["sha256"][:8], 16))
        start = int(rng.integers(0, max(1, len(wave) - int(CLIP_S * RATE_HZ))))
        features["normalised"][r["id"]] = cues(path(wave[start : start + int(CLIP_S * RATE_HZ)]))
    out = {}
    for kind, table in features.items():
        score, label, source, system = [], [], [], []
        for k in range(folds.FOLDS):
            train = [r for r in folds.trains(kept, k, fold)]
            test = [r for r in folds.tested(rows, k, fold) if r["id"] in listed]
            trees = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08, class_weight="balanced", random_state=4)
            trees.fit([table[r["id"]] for r in train], [r["label"] == "fake" for r in train])
            score += list(trees.decision_function([table[r["id"]] for r in test]))
            label += [int(r["label"] == "fake") for r in test]
            source += [r["source"] for r in test]
            system += [r["system"] for r in test]
        score, label, source, system = map(np.array, (score, label, source, system))
        out[kind] = dict(genuine=int((label == 0).sum()), synthetic=int(label.sum()))
        for name, figure in (("eer", lambda s, l, q: metrics.eer(s[l == 0], s[l == 1])), ("auc", lambda s, l, q: metrics.auc(s[l == 0], s[l == 1])), ("inside", lambda s, l, q: metrics.inside(s, l, q)[0])):
            out[kind][name], out[kind][name + "_95"] = figure(score, label, source), metrics.bootstrap(figure, score, label, source, system)
    (work / "eval" / "trivial.json").write_text(json.dumps(out, indent=1))
    print(out)


if __name__ == "__main__":
    main()
