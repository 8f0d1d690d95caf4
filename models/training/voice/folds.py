"""Folds by source: who is tested together, and what a fold's training must then leave out.

Sources that share systems or speakers were put into one fold where that was possible, so that little has to be dropped; whatever is still
shared (system or speaker) is dropped from training.
"""

import collections
import csv
import pathlib

FOLDS = 5
FILE = pathlib.Path(__file__).resolve().parents[2] / "folds.csv"


def fold_of_source(path=FILE):
    return {r["source"]: int(r["fold"]) for r in csv.DictReader(open(path))}


def home_of_system(rows, folds):
    """The fold in which most of a system's clips lie."""
    counts = collections.defaultdict(collections.Counter)
    for r in rows:
        if r["label"] == "fake" and r["source"] in folds and not r["parent"]:
            counts[r["system"]][folds[r["source"]]] += 1
    return {system: max(sorted(c), key=c.get) for system, c in counts.items()}


def tested(rows, fold, folds):
    """What is measured in `fold`. A page's few clips of a system whose home is another fold are measured nowhere, rather than robbing training of the whole system."""
    home = home_of_system(rows, folds)
    return [r for r in rows if folds.get(r["source"]) == fold and not r["parent"] and (r["label"] == "real" or home[r["system"]] == fold)]


def trains(rows, fold, folds):
    """The rows that a model tested on `fold` may see; all of them for fold None."""
    if fold is None:
        return list(rows)
    test = tested(rows, fold, folds)
    systems = {r["system"] for r in test if r["label"] == "fake"}
    speakers = {r["speaker"] for r in test if r["speaker"]}
    return [r for r in rows if folds.get(r["source"]) != fold and r["speaker"] not in speakers and not (r["label"] == "fake" and r["system"] in systems)]
