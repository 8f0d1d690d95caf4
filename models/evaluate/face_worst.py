#!/usr/bin/env python3
"""A sheet of face-forgery's worst errors, to look at: the genuine clips that score highest and the synthetic ones that score lowest, out of fold.

usage: face_worst.py WORK [--most 12]
Clips as they are; of a person or system one each. Writes WORK/eval/worst.png (a picture of people: not to be shared).
"""

import argparse
import pathlib

import cv2
import numpy as np

import face_measure


def cell(work, ws, side=200):
    crops = np.load(work / "frames" / f"{ws[0]['path']}.npz")["crops"]
    picture = cv2.copyMakeBorder(cv2.resize(crops[len(crops) // 2], (side, side)), 0, 40, 0, 0, cv2.BORDER_CONSTANT)
    for n, words in enumerate((f"{face_measure.mean_logit(ws):+.2f} {ws[0]['system'] or ws[0]['page']}", ws[0]["person"])):
        cv2.putText(picture, words[:32], (3, side + 15 + 18 * n), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def worst(clips, label, most):
    """The `most` of them that lie farthest on the wrong side, one of each person or system"""
    wrong, found = 1 if label == "real" else -1, {}
    for ws in sorted((ws for ws in clips if ws[0]["label"] == label), key=lambda ws: -wrong * face_measure.mean_logit(ws)):
        found.setdefault(ws[0]["person"] if label == "real" else ws[0]["system"], ws)
    return list(found.values())[:most]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--most", type=int, default=12)
    a = ap.parse_args()
    clips = [ws for ws in face_measure.load(a.work / "eval" / "windows.jsonl").values() if ws[0]["kind"] == "clip" and ws[0]["version"] == "plain"]
    found = {label: worst(clips, label, a.most) for label in ("real", "fake")}
    cells = [[cell(a.work, ws) for ws in each] for each in found.values()]
    rows = [np.hstack(row[i : i + 6]) for row in cells for i in range(0, len(row), 6)]
    wide = max(r.shape[1] for r in rows)
    cv2.imwrite(str(a.work / "eval" / "worst.png"), np.vstack([np.pad(r, ((0, 0), (0, wide - r.shape[1]), (0, 0))) for r in rows])[..., ::-1])
    for label, each in found.items():
        for ws in each:
            print(f"{label} {face_measure.mean_logit(ws):+.2f} {ws[0]['system'] or ws[0]['page']} {ws[0]['person']}")


if __name__ == "__main__":
    main()
