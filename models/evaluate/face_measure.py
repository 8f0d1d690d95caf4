#!/usr/bin/env python3
"""Figures on folds, calibration and law of face-forgery, from the windows that face_score.py or face_windows.py wrote.

usage: face_measure.py WORK [--windows FILE]
Writes WORK/eval/report.json and det.svg. A clip's score is the mean logit of its windows; Cllr is on one random window a clip, calibrated on the other folds. Forced figures count a clip without a window as llr 0. The real-time swap is measured
apart: on people, not on a system, that training had not met; it enters neither the other figures nor the calibration. Epsilon is the larger of two shares: of clips of unseen systems, and of swaps by the network that never met the swapper, whose llr does not speak for synthetic.
Intervals: bootstrap over genuine people and systems.
"""

import argparse
import collections
import json
import pathlib

import numpy as np

import calibrate
import metrics
import plot
from measure import CALL_S, PROMISE, exact

VERSIONS = {"plain": "as it is", "line": "H.264 or VP8, 300-800 kbit/s", "dark": "a third of the light, noise", "small": "320 px, 250 kbit/s"}
INDEPENDENCE_S = 1.0
TERMS = []  # (measure, transform, least, most): of those that face_quality.py tries none is worth its place (models/training/face/README.md)
LEAST_SHARE = 0.1  # of the fitted llr that is kept at least, so that the score still has a direction
FULL = 5  # clips from which a system, or a person, has full weight
# Thresholds follow the law's variance, so a law as narrow as a near-worthless score's would raise alerts on hundredths of a nat. Below this the law's fit has nothing to go by either, and this is stated.
LEAST_VARIANCE = 2.0
WINDOW_S, WITHIN_S = 1.0, 10.0
LEAST = 5  # clips of a system that has a figure of its own


def owned(w):
    """A window whose source is whom intervals are drawn over; its page apart"""
    return dict(w, page=w["source"], source=w["person"] if w["label"] == "real" else w["source"])


def load(path):
    """{clip and version: its windows}; genuine people are what voices call sources"""
    clips = collections.defaultdict(list)
    for line in open(path):
        w = json.loads(line)
        clips[w["path"]].append(owned(w))
    return clips


def calibratable(clips):
    return [w for ws in clips.values() for w in ws if not (w["label"] == "fake" and w["met"])]


class Scores:
    """One value a clip. Besides pooled figures: `fifths`, AUC within fifths of equal sharpness, which sharpness alone cannot reach."""

    def __init__(self, clips, value):
        self.clips, first = clips, [ws[0] for ws in clips]
        self.value = np.array([value(ws) for ws in clips])
        self.label = np.array([int(w["label"] == "fake") for w in first])
        self.source, self.system = np.array([w["source"] for w in first]), np.array([w["system"] for w in first])

    def figure(self, f):
        of = lambda s, l, _: f(s[l == 0], s[l == 1])
        return of(self.value, self.label, None), metrics.bootstrap(of, self.value, self.label, self.source, self.system)

    def drawn(self, figure):
        """(figure(indices of genuine, of synthetic), its interval)"""
        of = lambda i, l, _: figure(i[l == 0], i[l == 1])
        every = np.arange(len(self.value))
        return of(every, self.label, None), metrics.bootstrap(of, every, self.label, self.source, self.system)

    def fifths(self):
        fifth = metrics.parts([np.mean([w["sharpness"] for w in ws]) for ws in self.clips])
        return self.drawn(lambda g, s: metrics.within(self.value[g], self.value[s], fifth[g], fifth[s]))

    def macro(self):
        return metrics.macro(self.value, self.label, self.source, self.system, LEAST)


def mean_logit(ws):
    return float(np.mean([w["logit"] for w in ws]))


def mean_llr(ws):
    return float(np.mean([w["llr"] for w in ws]))


def loss(clips, version):
    """How much lower the AUC of a version is than that of the same clips as they are; unseen systems"""
    of = {ws[0]["id"]: ws for ws in clips if ws[0]["version"] == version}
    plain = [ws for ws in clips if ws[0]["version"] == "plain" and ws[0]["id"] in of]
    before, after = Scores(plain, mean_logit), Scores([of[ws[0]["id"]] for ws in plain], mean_logit)
    auc = lambda scores, g, s: metrics.auc(scores.value[g], scores.value[s])
    lost, lost_95 = before.drawn(lambda g, s: auc(before, g, s) - auc(after, g, s))
    real = before.label == 0
    return dict(genuine=int(real.sum()), people=len(np.unique(before.source[real])), synthetic=int((~real).sum()), plain=before.figure(metrics.auc)[0], auc=after.figure(metrics.auc)[0], lost=lost, lost_95=lost_95)


def swaps(clips, version, value=mean_logit):
    """Pairs of a genuine clip and its real-time swap: share in order, and AUC, with intervals over people"""
    pairs = collections.defaultdict(dict)
    for ws in clips.values():
        if ws[0]["pair"] and ws[0]["version"] == version:
            pairs[ws[0]["pair"]][ws[0]["label"]] = (value(ws), ws[0]["person"])
    both = [(p["real"][0], p["fake"][0], p["real"][1]) for p in pairs.values() if len(p) == 2]
    real, fake, person = (np.array(x) for x in zip(*both))
    units, rng, drawn = [np.flatnonzero(person == p) for p in np.unique(person)], np.random.default_rng(4), []
    for _ in range(300):
        i = np.concatenate([units[j] for j in rng.integers(0, len(units), len(units))])
        drawn.append((np.mean(fake[i] > real[i]), metrics.auc(real[i], fake[i])))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return dict(pairs=len(both), people=len(units), in_order=float(np.mean(fake > real)), in_order_95=(float(low[0]), float(high[0])), auc=metrics.auc(real, fake), auc_95=(float(low[1]), float(high[1])))


def ranks(clips, value):
    """Of another score on clips as they are: the figures that stand beside the network's own"""
    unseen = Scores([ws for ws in clips.values() if ws[0]["kind"] == "clip" and ws[0]["version"] == "plain" and not (ws[0]["label"] == "fake" and ws[0]["met"])], value)
    auc, auc_95 = unseen.figure(metrics.auc)
    fifths, fifths_95 = unseen.fifths()
    each, macro, macro_95 = unseen.macro()
    return dict(auc=auc, auc_95=auc_95, fifths=fifths, fifths_95=fifths_95, macro=macro, macro_95=macro_95, systems=each, swaps=swaps(clips, "plain", value))


def costs(one):
    weight = calibrate.weights(one, FULL)
    llr, fake = np.array([w["llr"] for w in one]), np.array([w["label"] == "fake" for w in one])
    args = (llr[~fake], llr[fake], weight[~fake], weight[fake])
    return dict(cllr=metrics.cllr(*args), min_cllr=metrics.min_cllr(*args))


def silent(looks):
    """Of each class how many clips have no window"""
    return {label: count(sum(n == 0 for n in found), len(found)) for label in ("real", "fake") for found in [[r["windows"] for r in looks if r["label"] == label]]}


def forced(clips, looks):
    """Figures in which every clip that `looks` names counts, by its mean llr, and one without a window by 0; what training met apart"""
    rows = [r for r in looks if r["kind"] == "clip" and not (r["label"] == "fake" and r["met"])]
    scores = Scores([clips[r["path"]] if r["windows"] else [dict(owned(r), llr=0.0)] for r in rows], mean_llr)
    weight = calibrate.weights([ws[0] for ws in scores.clips], FULL)
    out = dict(silent=silent(rows))
    out["auc"], out["auc_95"] = scores.figure(metrics.auc)
    out["eer"], out["eer_95"] = scores.figure(metrics.eer)
    out["cllr"], out["cllr_95"] = scores.drawn(lambda g, s: metrics.cllr(scores.value[g], scores.value[s], weight[g], weight[s]))
    return out


def talks_of(clips, label):
    """(first window, end times, llrs, seconds) of one clip a genuine person and version's turn, or of every synthetic clip: a guest each, under one condition"""
    found = {}
    for ws in sorted(clips.values(), key=lambda ws: (-len(ws), ws[0]["path"])):
        w = ws[0]
        if w["label"] != label or (label == "fake" and w["met"]) or w["version"] not in ("plain", "line"):
            continue
        if (int(w["id"][:4], 16) % 2 == 0) != (w["version"] == "plain"):
            continue
        found.setdefault(w["person"] if label == "real" else w["id"], (w, [x["to_s"] for x in ws], [x["llr"] for x in ws], ws[-1]["to_s"] - ws[0]["to_s"] + 1.0))
    return list(found.values())


def charts(law, clips):
    alarm, suspect = calibrate.threshold(law, PROMISE, CALL_S), calibrate.threshold(law, 10 * PROMISE, CALL_S)
    out = dict(threshold=alarm, suspect=suspect)
    groups = {"real": talks_of(clips, "real"), "fake": talks_of(clips, "fake")}
    for label, group in groups.items():
        peaks = np.array([max(calibrate.chart(t, x, law["rho"], independence_s=INDEPENDENCE_S)) for _, t, x, _ in group])
        n, flagged, warned = len(peaks), int(np.sum(peaks >= alarm)), int(np.sum(peaks >= suspect))
        out[label] = dict(n=n, hours=sum(s for *_, s in group) / 3600, synthetic=flagged, synthetic_95=exact(flagged, n), suspect=warned, suspect_95=exact(warned, n), highest=float(peaks.max()))
    return out


def count(k, n):
    return dict(count=int(k), n=int(n), exact_95=exact(int(k), int(n)))


def splice(before, after):
    """(end times, llrs, when the second begins) of one call that shows `before`, then `after` at once; windows that hold both are left out"""
    since, rest = before[-1]["to_s"], [w for w in after if w["to_s"] >= WINDOW_S]
    return [w["to_s"] for w in before] + [since + w["to_s"] for w in rest], [w["llr"] for w in [*before, *rest]], since


def spliced(pairs, law, told):
    """Of calls that turn from genuine to forged: how many are flagged before the turn, and how many first within WITHIN_S after it; how long was seen of it. `told` holds the chart's thresholds"""
    tracks = [(np.array(times) - since, np.array(calibrate.chart(times, llrs, law["rho"], independence_s=law["independence_s"]))) for times, llrs, since in (splice(*p) for p in pairs)]
    seen, out = [float(at[-1]) for at, _ in tracks], dict(before={}, after={})
    for name, height in (("synthetic", told["threshold"]), ("suspect", told["suspect"])):
        before = [bool(np.any(chart[at <= 0] >= height)) for at, chart in tracks]
        after = [bool(np.any(chart[(at > 0) & (at <= WITHIN_S)] >= height)) for at, chart in tracks]
        out["before"][name], out["after"][name] = count(sum(before), len(tracks)), count(sum(y and not x for x, y in zip(before, after)), len(tracks))
    return dict(out, people=len({after[0]["person"] for _, after in pairs}), seconds=[min(seen), float(np.median(seen)), max(seen)])


def law_of(guests, epsilon):
    """(law, how it was measured) of (window, end times, llrs, seconds) of each; `floor` tells whether the variance is stated rather than fitted"""
    law, how = calibrate.law([g[1:] for g in guests], epsilon, independence_s=INDEPENDENCE_S, own_length=True)
    how["floor"] = not np.isfinite(how["excess"]) and how["variance"] < LEAST_VARIANCE or law["variance"] < LEAST_VARIANCE
    if how["floor"]:
        law.update(variance=LEAST_VARIANCE, rho=round(how["measured_rho"], 3))
    return law, how


def fit(windows):
    """Qualities differ between pages that show fakes and pages that show people, so they may scale the score and not speak themselves."""
    return calibrate.fit(windows, TERMS, FULL, offsets=False)


def shrunk(calibration, share):
    return {**calibration, "offset": calibration["offset"] * share, "slope": calibration["slope"] * share, "quality": [{**t, "offset": t["offset"] * share, "slope": t["slope"] * share} for t in calibration["quality"]]}


def calibrated(clips):
    """(the calibration on everything, those of the other folds, share); every window's llr by the one of the other folds.

    What fits two folds may not fit the third. So all llrs are scaled by the share at which they cost least where they were not fitted.
    """
    fitted = calibratable(clips)
    folds = sorted({w["fold"] for w in fitted})
    others = {k: fit([w for w in fitted if w["fold"] != k]) for k in folds}
    for ws in clips.values():
        for w, llr in zip(ws, calibrate.apply(others[ws[0]["fold"]], ws)):
            w["llr"] = float(llr)
    weight, sign = calibrate.weights(fitted, FULL), np.array([1 if w["label"] == "fake" else -1 for w in fitted])
    llr = np.array([w["llr"] for w in fitted])
    cost = lambda share: float(np.sum(weight * np.logaddexp(0, -sign * share * llr)))
    share = min(np.arange(LEAST_SHARE, 1.001, 0.05), key=cost)
    for ws in clips.values():
        for w in ws:
            w["llr"] *= share
    return shrunk(fit(fitted), share), {k: shrunk(c, share) for k, c in others.items()}, float(share)


def missed(clips):
    """Of every unseen system with enough clips the share of them, under all conditions, whose mean llr does not speak for synthetic"""
    found, ids = collections.defaultdict(list), collections.defaultdict(set)
    for ws in clips.values():
        if ws[0]["label"] == "fake" and not ws[0]["met"]:
            found[ws[0]["system"]].append(mean_llr(ws) <= 0)
            ids[ws[0]["system"]].add(ws[0]["id"])
    return {s: float(np.mean(v)) for s, v in sorted(found.items()) if len(ids[s]) >= LEAST}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--windows", type=pathlib.Path)
    a = ap.parse_args()
    clips = load(a.windows or a.work / "eval" / "windows.jsonl")
    unswapped = {} if a.windows else load(a.work / "eval" / "windows-unswapped.jsonl")
    calibration, others, share = calibrated(clips)
    report = dict(folds=sorted({ws[0]["fold"] for ws in clips.values()}), calibration=calibration, share=share, calibration_by_fold={str(k): v for k, v in others.items()}, conditions={}, loss={}, silent={}, forced={}, swaps={}, swaps_unmet={})
    looks = [] if a.windows else json.loads((a.work / "eval" / "looks.json").read_text())
    rng, curves, pooled = np.random.default_rng(4), {}, []
    for version in VERSIONS:
        here = [ws for ws in clips.values() if ws[0]["kind"] == "clip" and ws[0]["version"] == version]
        if not here and a.windows:
            continue  # the program's eyes saw two versions
        if not here:
            raise SystemExit(f"face_measure.py: no window of the version {version!r} in {a.work / 'eval' / 'windows.jsonl'}: run frames.py --versions {version}, then face_score.py")
        every, unseen = Scores(here, mean_logit), [ws for ws in here if not (ws[0]["label"] == "fake" and ws[0]["met"])]
        scores = Scores(unseen, mean_logit)
        t = dict(genuine=int((scores.label == 0).sum()), people=len(np.unique(scores.source[scores.label == 0])), synthetic=int(scores.label.sum()), all_synthetic=int(every.label.sum()))
        t["auc_all"], t["auc_all_95"] = every.figure(metrics.auc)
        t["fifths_all"], t["fifths_all_95"] = every.fifths()
        t["auc"], t["auc_95"] = scores.figure(metrics.auc)
        t["fifths"], t["fifths_95"] = scores.fifths()
        t["eer"], t["eer_95"] = scores.figure(metrics.eer)
        t["systems"], t["macro"], t["macro_95"] = scores.macro()
        one = [ws[int(rng.integers(len(ws)))] for ws in unseen]
        t.update(costs(one))
        pooled += one
        report["conditions"][version], report["swaps"][version] = t, swaps(clips, version)
        if unswapped:
            report["swaps_unmet"][version] = swaps(unswapped, version)
        if looks:
            shown = [r for r in looks if r["kind"] == "clip" and r["version"] == version]
            report["silent"][version], report["forced"][version] = silent(shown), forced(clips, shown)
        if version != "plain":
            report["loss"][version] = loss([ws for ws in clips.values() if ws[0]["kind"] == "clip" and not (ws[0]["label"] == "fake" and ws[0]["met"])], version)
        curves[version] = (scores.value[scores.label == 0], scores.value[scores.label == 1])
        print(f"{version:6s} n {t['genuine']} ({t['people']} people)/{t['synthetic']} EER {t['eer']:.3f} AUC {t['auc']:.3f} {t['auc_95']} macro {t['macro']:.3f} {t['macro_95']} with swaps {t['auc_all']:.3f} Cllr {t['cllr']:.3f} min {t['min_cllr']:.3f} swaps {report['swaps'][version]}")
    report["pooled"], report["epsilon_by_system"] = costs(pooled), missed(clips)
    plot.det(curves, a.work / "eval" / "det.svg")
    report["epsilon"] = dict(systems=float(np.mean(list(report["epsilon_by_system"].values()))))
    if unswapped:
        said = [np.mean(calibrate.apply(calibration, ws)) for ws in unswapped.values() if ws[0]["label"] == "fake"]
        report["epsilon"].update(swaps=float(np.mean(np.array(said) <= 0)), clips=len(said))
    # The larger: who vouches for a caller vouches against a swapper that was never met, too.
    report["law"], report["law_measured"] = law_of(talks_of(clips, "real"), max(v for k, v in report["epsilon"].items() if k != "clips"))
    report["chart"] = charts(report["law"], clips)
    report["spliced"] = {}
    for version in ("plain", "line"):
        of = collections.defaultdict(dict)
        for ws in clips.values():
            if ws[0]["pair"] and ws[0]["version"] == version:
                of[ws[0]["pair"]][ws[0]["label"]] = ws
        report["spliced"][version] = spliced([(p["real"], p["fake"]) for p in of.values() if len(p) == 2], report["law"], report["chart"])
    report["talkers"] = sum(t[3] > 6.5 for t in talks_of(clips, "real"))
    talks = [ws for ws in clips.values() if ws[0]["kind"] == "talk"]
    report["talks"] = {ws[0]["path"]: dict(person=ws[0]["person"], version=ws[0]["version"], windows=len(ws), mean_llr=mean_llr(ws), highest=float(max(calibrate.chart([w["to_s"] for w in ws], [w["llr"] for w in ws], report["law"]["rho"], independence_s=INDEPENDENCE_S)))) for ws in talks}
    (a.work / "eval" / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps({k: report[k] for k in ("pooled", "loss", "silent", "forced", "swaps_unmet", "calibration", "law", "law_measured", "chart", "spliced", "talks", "epsilon_by_system")}, indent=1))


if __name__ == "__main__":
    main()
