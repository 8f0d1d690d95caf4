#!/usr/bin/env python3
"""Training runs of one fold side by side, by clip means, on the clips that all of them answered.

usage: compare.py WORK FOLD RUN[+RUN...]... [--all]
RUN is a folder of WORK/runs (fold3, say), scored before by `score.py WORK VOICE_WINDOWS --fold FOLD --run RUN`; RUN+RUN is the mean of their logits. Clean clips, or with --all every condition.
95 % intervals: bootstrap over genuine sources and synthetic systems, not clips; *more than the first* draws both runs on the same clips.
"""

import argparse
import collections
import csv
import json
import pathlib

import numpy as np

import measure
import metrics

FIGURES = {
    "EER": lambda s, l, q: metrics.eer(s[l == 0], s[l == 1]),
    "AUC": lambda s, l, q: metrics.auc(s[l == 0], s[l == 1]),
    "AUC inside a source": lambda s, l, q: metrics.inside(s, l, q)[0],
}


def means(lines):
    """input -> mean logit of its windows"""
    logits = collections.defaultdict(list)
    for line in lines:
        w = json.loads(line)
        if "logit" in w:
            logits[w["input"]].append(w["logit"])
    return {name: float(np.mean(x)) for name, x in logits.items()}


def compared(rows, runs):
    """For every run (a dict of clip means) its figures, and how much more they are than the first run's; over the rows that every run answered."""
    heard = [r for r in rows if all(r["path"] in run for run in runs)]
    scores = [measure.Scores(heard, run) for run in runs]
    at, out = scores[0], []
    for s in scores:
        found = {}
        for name, figure in FIGURES.items():
            def more(index, label, source):
                return figure(s.value[index], label, source) - figure(at.value[index], label, source)

            clips = np.arange(len(heard))
            found[name] = dict(value=figure(s.value, s.label, s.source), interval=metrics.bootstrap(figure, s.value, s.label, s.source, s.system),
                               more=more(clips, s.label, s.source), more_interval=metrics.bootstrap(more, clips, s.label, s.source, s.system))
        out.append(found)
    return (int((at.label == 0).sum()), int(at.label.sum()), metrics.inside(at.value, at.label, at.source)[1]), out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("fold")
    ap.add_argument("run", nargs="+")
    ap.add_argument("--all", action="store_true", help="every condition")
    a = ap.parse_args()
    rows = [r for r in csv.DictReader(open(a.work / "eval" / "list.csv")) if r["fold"] == a.fold and r["kind"] == "clip"]
    read = {name: means(open(a.work / "eval" / f"scores-{name}.jsonl")) for name in {part for run in a.run for part in run.split("+")}}
    runs = []
    for run in a.run:
        parts = [read[part] for part in run.split("+")]
        runs.append({path: float(np.mean([p[path] for p in parts])) for path in set.intersection(*map(set, parts))})
    print("| run | condition | genuine / synthetic | " + " | ".join(FIGURES) + " | more than the first: " + " | ".join(FIGURES) + " |\n" + "| --- " * (3 + 2 * len(FIGURES)) + "|")
    for condition in measure.CONDITIONS if a.all else ["clean"]:
        (genuine, synthetic, sources), found = compared([r for r in rows if r["condition"] == condition], runs)
        for run, t in zip(a.run, found):
            cells = [f"{x['value']:.3f} [{x['interval'][0]:.3f}, {x['interval'][1]:.3f}]" for x in t.values()]
            cells[-1] += f" ({sources} sources)"
            cells += ["-" if run == a.run[0] else f"{x['more']:+.3f} [{x['more_interval'][0]:+.3f}, {x['more_interval'][1]:+.3f}]" for x in t.values()]
            print(f"| {run} | {condition} | {genuine} / {synthetic} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
