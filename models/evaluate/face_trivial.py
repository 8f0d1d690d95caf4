#!/usr/bin/env python3
"""What a detector that sees no face would reach: boosted trees on trivial cues, out of fold, on the very windows the network is measured on.

usage: face_trivial.py WORK [--windows FILE]
Twice: `crop`, what the network's own input betrays (sharpness, noise, light, colour, coding grid, black border); `all`, with frame size and shape, face size, place and sound besides, which the network never gets.
Writes WORK/eval/trivial.json.
"""

import argparse
import json
import pathlib

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import calibrate
import face_measure
from face_score import facefolds

CROP = ["sharp_crop", "sharpness", "light", "contrast", "saturation", "hue", "grid", "noise", "black"]
ALL = [*CROP, "sharp_native", "face_px", "frame_w", "frame_h", "place_x", "place_y"]


def table(windows, cues):
    x = np.array([[w[c] for c in cues] for w in windows], float)
    if cues is ALL:
        x = np.c_[x, x[:, cues.index("frame_w")] / x[:, cues.index("frame_h")], [float(w["has_audio"] or 0) for w in windows]]
    return x


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--windows", type=pathlib.Path)
    a = ap.parse_args()
    clips, folds = face_measure.load(a.windows or a.work / "eval" / "windows.jsonl"), facefolds.table()
    windows = [{**w, "source": w["page"]} for ws in clips.values() for w in ws if w["version"] in ("plain", "line")]
    out = {}
    for name, cues in (("crop", CROP), ("all", ALL)):
        said = {}
        for k in range(facefolds.FOLDS):
            train = facefolds.trains(windows, k, folds)
            trees = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08, random_state=4)
            trees.fit(table(train, cues), [w["label"] == "fake" for w in train], sample_weight=calibrate.weights(train, face_measure.FULL) * len(train))
            test = [w for w in windows if w["fold"] == k]
            for w, x in zip(test, trees.decision_function(table(test, cues))):
                said.setdefault(w["path"], []).append(float(x))
        out[name] = face_measure.ranks({p: ws for p, ws in clips.items() if p in said}, lambda ws: float(np.mean(said[ws[0]["path"]])))
    (a.work / "eval" / "trivial.json").write_text(json.dumps(out, indent=1))
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
