#!/usr/bin/env python3
"""Figures on folds, calibration and law of face-replay, from what replay_score.py wrote.

usage: replay_measure.py WORK
Presentation attack detection after ISO/IEC 30107-3: for each fold the threshold is the one at which at most 2 % of the *other* folds' genuine clips (every condition alike) lie above, APCER the share of a species' clips that
lie below it, BPCER that of genuine clips above it, non-response the share without a window. A clip's score is the mean over its windows. `Unseen`: neither the person, nor the source, nor the species was met in training.
The published baseline and boosted trees on trivial cues run through the same. Writes WORK/eval/report.json. Intervals: bootstrap over people and species.
"""

import argparse
import collections
import json
import pathlib

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import calibrate
import face_measure
import face_trivial
import metrics
from measure import CALL_S, PROMISE, exact

BPCER = 0.02
# Of what simulated captures say so much is claimed of real ones, which nobody held before a camera here. The law is that of what is said.
CAUTION = 0.5
GENUINE = {"plain": "as it is", "line": "H.264 or VP8", "dark": "two fifths of the light, noise", "small": "320 px", "life": "screens and frames behind, glare, flicker, made-up backgrounds, bars"}


def threshold(scores):
    """The least score that at most BPCER of these lie above"""
    ranked = np.sort(scores)
    return float(ranked[len(ranked) - 1 - int(BPCER * len(ranked))])


def share(hits, people, seed=4):
    """(share, n, 95 % interval when people are drawn anew)"""
    hits, people = np.asarray(hits, float), np.asarray(people)
    if not len(hits):
        return dict(share=None, n=0, people=0, span=None)
    names = np.unique(people)
    total, count = np.array([[hits[people == p].sum(), (people == p).sum()] for p in names]).T
    drawn = np.random.default_rng(seed).integers(0, len(names), (1000, len(names)))
    span = np.percentile(total[drawn].sum(1) / count[drawn].sum(1), [2.5, 97.5])
    if hits.min() == hits.max():  # nothing to draw from: exact, as if each were a person
        span = exact(int(hits.sum() * len(names) / len(hits)), len(names))
    return dict(share=float(hits.mean()), n=len(hits), people=len(names), span=[float(v) for v in span])


def attacks(clips, value):
    """All figures of one score"""
    first = [ws[0] for ws in clips]
    score = np.array([value(ws) for ws in clips])
    of = lambda key: np.array([w[key] for w in first])
    label, fold, person, system, met, other, version, kind = (of(k) for k in ("label", "fold", "person", "system", "met", "other", "version", "kind"))
    fake, clip = label == "fake", kind == "clip"
    cut = {k: threshold(score[~fake & clip & (fold != k)]) for k in np.unique(fold)}
    above = score > np.array([cut[k] for k in fold])
    out = dict(thresholds={str(k): v for k, v in cut.items()}, bpcer={v: share(above[~fake & clip & (version == v)], person[~fake & clip & (version == v)]) for v in GENUINE})
    out["bpcer"]["all"] = share(above[~fake & clip], person[~fake & clip])
    out["bpcer"]["talks"] = share(above[~fake & ~clip], person[~fake & ~clip])
    groups = {"unseen": fake & ~met, "met": fake & met, "unseen, modelled as trained": fake & ~met & ~other, "unseen, modelled otherwise": fake & ~met & other}
    out["apcer"] = {}
    for name, here in groups.items():
        each = {s: share(~above[here & (system == s)], person[here & (system == s)]) for s in np.unique(system[here])}
        out["apcer"][name] = dict(species=each, worst=max((x["share"] for x in each.values()), default=None), all=share(~above[here], person[here]))
    unseen = face_measure.Scores([ws for ws in clips if ws[0]["kind"] == "clip" and not (ws[0]["label"] == "fake" and ws[0]["met"])], value)
    for name, figure in (("auc", metrics.auc), ("eer", metrics.eer)):
        out[name], out[f"{name}_95"] = unseen.figure(figure)
    return out


def trees(clips):
    """Boosted trees on what the crop betrays of sharpness, light, colour, coding and border, out of fold: {path: score}"""
    windows = [w for ws in clips.values() for w in ws]
    cues, said = [*face_trivial.CROP, "face_px"], collections.defaultdict(list)
    x = np.array([[w[c] for c in cues] for w in windows])
    label, fold, met, kind = (np.array([w[k] for w in windows]) for k in ("label", "fold", "met", "kind"))
    systems = np.array([w["system"] for w in windows])
    for k in np.unique(fold):
        unseen = np.unique(systems[(fold == k) & (label == "fake") & ~met])
        train = (fold != k) & (kind == "clip") & ~np.isin(systems, unseen)
        model = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08, random_state=4)
        part = [w for w, t in zip(windows, train) if t]
        model.fit(x[train], label[train] == "fake", sample_weight=calibrate.weights(part, face_measure.FULL) * len(part))
        for w, v in zip([w for w, f in zip(windows, fold == k) if f], model.decision_function(x[fold == k])):
            said[w["path"]].append(float(v))
    return {p: float(np.mean(v)) for p, v in said.items()}


def responses(looks):
    """Non-response: clips without a window"""
    group = lambda r: r["system"] if r["label"] == "fake" else (r["version"] if r["kind"] == "clip" else "talks")
    found = collections.defaultdict(list)
    for r in looks:
        found[group(r)].append(r)
        found["presented" if r["label"] == "fake" else "genuine"].append(r)
    return {g: share([r["windows"] == 0 for r in rs], [r["person"] for r in rs]) for g, rs in sorted(found.items())}


def guests(clips, label):
    """(first window, end times, llrs, seconds) of one file a guest: genuine people each under one condition, presentations each"""
    found = {}
    for ws in sorted(clips.values(), key=lambda ws: (ws[0]["kind"] != "talk", int(ws[0]["id"][:6], 16) % 5 != list(GENUINE).index(ws[0]["version"]) if ws[0]["version"] in GENUINE else 0, ws[0]["path"])):
        if ws[0]["label"] == label:
            found.setdefault(ws[0]["person"] if label == "real" else ws[0]["path"], (ws[0], [w["to_s"] for w in ws], [w["llr"] for w in ws], ws[-1]["to_s"] - ws[0]["to_s"] + 1.0))
    return list(found.values())


def turned(clips):
    """(a person's clip as it is, a presentation of it whose species was not met), one a person"""
    found = {}
    for path, ws in sorted(clips.items()):
        plain = clips.get(f"{ws[0]['id']}-plain")
        if ws[0]["label"] == "fake" and not ws[0]["met"] and plain:
            found.setdefault(ws[0]["person"], (plain, ws))
    return list(found.values())


def charts(law, clips):
    alarm, suspect = calibrate.threshold(law, PROMISE, CALL_S), calibrate.threshold(law, 10 * PROMISE, CALL_S)
    out = dict(threshold=alarm, suspect=suspect)
    for label in ("real", "fake"):
        group = guests(clips, label)
        peaks = np.array([max(calibrate.chart(t, x, law["rho"], independence_s=law["independence_s"])) for _, t, x, _ in group])
        n, flagged, warned = len(peaks), int(np.sum(peaks >= alarm)), int(np.sum(peaks >= suspect))
        out[label] = dict(n=n, hours=sum(s for *_, s in group) / 3600, presented=flagged, presented_95=exact(flagged, n), suspect=warned, suspect_95=exact(warned, n), highest=float(peaks.max()))
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    a = ap.parse_args()
    clips, looks = face_measure.load(a.work / "eval" / "windows.jsonl"), json.loads((a.work / "eval" / "looks.json").read_text())
    every = list(clips.values())
    calibration, others, kept = face_measure.calibrated(clips)
    report = dict(folds=sorted({ws[0]["fold"] for ws in every}), share=kept, calibration_by_fold={str(k): face_measure.shrunk(c, CAUTION) for k, c in others.items()})
    said = trees(clips)
    report["scores"] = {
        "face-replay": attacks(every, face_measure.mean_logit),
        "MiniFASNet V2 + V1SE, published": attacks(every, lambda ws: float(np.mean([w["baseline"] for w in ws]))),
        "boosted trees on trivial cues": attacks(every, lambda ws: said[ws[0]["path"]]),
    }
    report["non_response"], report["looks"] = responses(looks), {k: int(sum(r[k] for r in looks)) for k in ("looks", "faces", "windows")}
    report["epsilon_by_species"] = face_measure.missed(clips)
    # The worst species', not the mean, and of what it sees as little is claimed as of its llrs: what is simulated may be easier to see than what is held up in the world, and epsilon is what a source may vouch by.
    epsilon = 1 - CAUTION * (1 - max(report["epsilon_by_species"].values()))
    for w in (w for ws in every for w in ws):
        w["llr"] *= CAUTION
    law, report["law_measured"] = face_measure.law_of(guests(clips, "real"), epsilon)
    report["law"] = law
    report["calibration"], report["caution"] = face_measure.shrunk(calibration, CAUTION), CAUTION
    rng = np.random.default_rng(4)
    one = [ws[int(rng.integers(len(ws)))] for ws in every if not (ws[0]["label"] == "fake" and ws[0]["met"])]
    report["costs"], report["forced"] = face_measure.costs(one), face_measure.forced(clips, looks)
    report["chart"] = charts(law, clips)
    report["spliced"] = face_measure.spliced(turned(clips), law, report["chart"])
    talks = [ws for ws in every if ws[0]["kind"] == "talk"]
    highest = lambda ws: float(max(calibrate.chart([w["to_s"] for w in ws], [w["llr"] for w in ws], law["rho"], independence_s=law["independence_s"])))
    report["talks"] = [dict(person=ws[0]["person"], version=ws[0]["version"], windows=len(ws), mean_llr=face_measure.mean_llr(ws), highest=highest(ws)) for ws in sorted(talks, key=lambda ws: ws[0]["path"])]
    llr = np.array([face_measure.mean_llr(ws) for ws in every if ws[0]["label"] == "real" and ws[0]["kind"] == "clip"])
    report["genuine"] = dict(clips=len(llr), people=len({ws[0]["person"] for ws in every if ws[0]["label"] == "real"}), above_0=float(np.mean(llr > 0)), above_1=float(np.mean(llr > 1)), above_2=float(np.mean(llr > 2)), highest=float(llr.max()))
    (a.work / "eval" / "report.json").write_text(json.dumps(report, indent=1))
    for name, s in report["scores"].items():
        print(name, f"AUC {s['auc']:.3f} EER {s['eer']:.3f} BPCER {s['bpcer']['all']['share']:.3f}", {g: (round(x["all"]["share"], 3), {k: round(v["share"], 2) for k, v in x["species"].items()}) for g, x in s["apcer"].items() if x["all"]["n"]})
    print(json.dumps({k: report[k] for k in ("calibration", "share", "costs", "forced", "law", "law_measured", "chart", "spliced", "epsilon_by_species", "genuine", "talks")}, indent=1))


if __name__ == "__main__":
    main()
