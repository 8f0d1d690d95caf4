#!/usr/bin/env python3
"""Recipes of the face-forgery network side by side, by clip means, on the clips of the folds that all of them trained.

usage: face_compare.py WORK OTHER... --folds K,K... [--version plain|line]
WORK and OTHER hold runs/foldK/face-forgery.onnx (fit.py and to_onnx.py, each in a work folder of its own); list and crops are WORK's. 95 % intervals: bootstrap over genuine people and systems, not clips; *more than the first* draws
both on the same clips. The real-time swap is apart, as everywhere.
"""

import argparse
import csv
import pathlib

import numpy as np

import face_measure
import metrics
from face_score import facefolds, lines, network


def answered(work, runs, rows, chosen, version):
    """{clip: its windows}, of the networks in `runs`"""
    folds, out = facefolds.table(), {}
    for k in chosen:
        session = network(runs / "runs" / f"fold{k}" / "face-forgery.onnx")
        for of, found in lines(work, [r for r in facefolds.tested(rows, k, folds) if r["kind"] == "clip"], session, k, folds, [version]):
            if found:
                out[of["path"]] = [face_measure.owned(w) for w in found]
    return out


def compared(recipes):
    """(scores of the first, [({figure: (value, interval, more than the first, its interval)}, swaps) of every recipe])"""
    unseen = [p for p, ws in recipes[0].items() if not (ws[0]["label"] == "fake" and ws[0]["met"])]
    scores = [face_measure.Scores([clips[p] for p in unseen], face_measure.mean_logit) for clips in recipes]
    first, every, out = scores[0], np.arange(len(unseen)), []
    often = [name for name in np.unique(first.system[first.label == 1]) if (first.system == name).sum() >= face_measure.LEAST]

    def macro(s, l, system):
        return float(np.mean([metrics.auc(s[l == 0], s[system == name]) for name in often if np.any(system == name)]))

    for clips, scored in zip(recipes, scores):
        found = {}
        for name, figure in {"AUC": lambda s, l, _: metrics.auc(s[l == 0], s[l == 1]), "AUC, mean over systems": macro}.items():
            own = lambda i, l, _: figure(scored.value[i], l, first.system[i])
            more = lambda i, l, _: own(i, l, _) - figure(first.value[i], l, first.system[i])
            drawn = lambda f: (f(every, first.label, None), metrics.bootstrap(f, every, first.label, first.source, first.system))
            found[name] = (*drawn(own), *drawn(more))
        out.append((found, face_measure.swaps(clips, recipes[0][unseen[0]][0]["version"])))
    return first, out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("other", type=pathlib.Path, nargs="*")
    ap.add_argument("--folds", required=True)
    ap.add_argument("--version", default="plain")
    a = ap.parse_args()
    rows, chosen = list(csv.DictReader(open(a.work / "pictures.csv"))), list(map(int, a.folds.split(",")))
    first, found = compared([answered(a.work, runs, rows, chosen, a.version) for runs in [a.work, *a.other]])
    people = len(np.unique(first.source[first.label == 0]))
    print(f"{(first.label == 0).sum()} genuine clips of {people} people, {int(first.label.sum())} synthetic, as `{a.version}`\n")
    print("| recipe | AUC | AUC, mean over systems | more than the first: AUC | mean over systems | swap pairs in order (pairs of people) | swap AUC |\n" + "| --- " * 7 + "|")
    for runs, (figures, pairs) in zip([a.work, *a.other], found):
        cells = [f"{v:.3f} [{i[0]:.3f}, {i[1]:.3f}]" for v, i, _, _ in figures.values()] + ["-" if runs == a.work else f"{m:+.3f} [{i[0]:+.3f}, {i[1]:+.3f}]" for _, _, m, i in figures.values()]
        cells += [f"{pairs[k]:.3f} [{low:.3f}, {high:.3f}] ({pairs['pairs']} of {pairs['people']})" for k in ("in_order", "auc") for low, high in [pairs[f"{k}_95"]]]
        print(f"| {runs.name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
