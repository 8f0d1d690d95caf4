"""Folds: who is measured together, and what a fold's training must then leave out.

models/folds-face.csv gives every source its fold; sources that share systems lie together. Of the source of the real-time swap pairs every person has a fold of their own, because
that system has no second source: its pairs are measured on people, not on a system, that training did not meet, and count for nothing that is said about unseen systems.
"""

import csv
import pathlib

FOLDS = 5
FILE = pathlib.Path(__file__).resolve().parents[2] / "folds-face.csv"


def table(path=FILE):
    """{(source, person or ""): fold}"""
    return {(r["source"], r["person"]): int(r["fold"]) for r in csv.DictReader(open(path))}


def fold_of(row, folds):
    return folds.get((row["source"], row["person"]), folds.get((row["source"], "")))


def shared_system(row, folds):
    """Whether the row's source is split by person, so that its systems are met in training."""
    return (row["source"], "") not in folds and any(source == row["source"] for source, _ in folds)


def tested(rows, fold, folds):
    return [r for r in rows if r["kind"] in ("clip", "talk") and fold_of(r, folds) == fold]


def trains(rows, fold, folds):
    """The rows that a network measured on `fold` may learn from; for None all that may be learnt from at all (never the long recordings)."""
    kept = [r for r in rows if r["kind"] in ("clip", "still")]
    if fold is None:
        return kept
    test = tested(rows, fold, folds)
    sources = {r["source"] for r in test if not shared_system(r, folds)}
    systems = {r["system"] for r in test if r["label"] == "fake" and not shared_system(r, folds)}
    people = {r["person"] for r in test if r["person"]}
    return [r for r in kept if fold_of(r, folds) != fold and r["source"] not in sources and r["person"] not in people and r["system"] not in systems - {""}]


def without(rows, source):
    """The rows that share neither source, system nor person with a source."""
    gone = [r for r in rows if r["source"] == source]
    if not gone:
        raise ValueError(f"no row of source {source!r}; sources: {', '.join(sorted({r['source'] for r in rows}))}")
    systems, people = ({r[k] for r in gone} - {""} for k in ("system", "person"))
    return [r for r in rows if r["source"] != source and r["system"] not in systems and r["person"] not in people]
