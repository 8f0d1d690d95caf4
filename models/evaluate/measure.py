#!/usr/bin/env python3
"""Figures on folds, calibration and law from the scores that score.py wrote.

usage: measure.py WORK [--folds 0,1,...]
Writes WORK/eval/report.json, det.svg and delay.svg. A clip's score is the mean logit of its windows; Cllr is on one random window a clip, calibrated on the other folds. Forced figures count an abstained clip as llr 0.
Intervals: bootstrap over genuine sources and synthetic systems, not over clips; of a mean llr over people or systems; of a count of talks or clips exact (Clopper-Pearson).
"""

import argparse
import collections
import csv
import json
import pathlib

import numpy as np

import calibrate
import metrics
import plot

CONDITIONS = ["clean", "opus24", "g711", "amr", "room", "suppressed"]
PROMISE, CALL_S = 0.01, 600.0
PROMISES = [0.1, 0.03, 0.01, 0.003]
BEGINS_S, WITHIN_S = 120.0, (15, 30, 60)


def load(work, folds):
    """(windows of every file with its row's facts, rows)"""
    listed = [work / "eval" / name for name in ("list.csv", "odd.csv")]
    rows = {r["path"]: r for file in listed if file.is_file() for r in csv.DictReader(open(file)) if int(r["fold"]) in folds}
    windows = collections.defaultdict(list)
    abstained = collections.Counter()
    for k in folds:
        for line in open(work / "eval" / f"scores-fold{k}.jsonl"):
            w = json.loads(line)
            if w["input"] not in rows:
                continue
            if "logit" in w:
                windows[w["input"]].append({**w, **rows[w["input"]]})
            else:
                abstained[(rows[w["input"]]["label"], w["abstain"])] += w["to_s"] - w["from_s"]
    return rows, windows, abstained


class Scores:
    """One number a clip, as arrays that go together."""

    def __init__(self, rows, value):
        self.value = np.array([value[r["path"]] for r in rows])
        self.label = np.array([int(r["label"] == "fake") for r in rows])
        self.source = np.array([r["source"] for r in rows])
        self.system = np.array([r["system"] if r["label"] == "fake" else "" for r in rows])

    def eer(self):
        figure = lambda s, l, _: metrics.eer(s[l == 0], s[l == 1])
        return figure(self.value, self.label, None), metrics.bootstrap(figure, self.value, self.label, self.source, self.system)

    def table(self):
        def pooled(figure):
            return lambda s, l, _: figure(s[l == 0], s[l == 1])

        def within(s, l, q):
            return metrics.inside(s, l, q)[0]

        out = dict(genuine=int((self.label == 0).sum()), synthetic=int(self.label.sum()))
        for name, figure in (("eer", pooled(metrics.eer)), ("auc", pooled(metrics.auc)), ("inside", within), ("min_dcf", pooled(metrics.min_dcf))):
            out[name] = figure(self.value, self.label, self.source)
            out[name + "_95"] = metrics.bootstrap(figure, self.value, self.label, self.source, self.system)
        out["inside_sources"] = metrics.inside(self.value, self.label, self.source)[1]
        each, out["macro_auc"], out["macro_auc_95"] = metrics.macro(self.value, self.label, self.source, self.system)
        out["systems"] = {s: dict(auc=x, n=int((self.system == s).sum()), auc_95=self.alone(s)) for s, x in each.items()}
        return out

    def alone(self, system):
        """Interval of one system's AUC when genuine sources and its own clips are drawn anew."""
        here = (self.label == 0) | (self.system == system)
        return metrics.bootstrap(lambda s, l, _: metrics.auc(s[l == 0], s[l == 1]), self.value[here], self.label[here], self.source[here], np.arange(here.sum()))


def exact(k, n):
    """Clopper-Pearson 95 % interval of k of n."""
    from scipy.stats import beta

    return (float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0, float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--folds", default="0,1,2,3,4")
    a = ap.parse_args()
    folds = [int(k) for k in a.folds.split(",")]
    rows, windows, abstained = load(a.work, folds)
    rng = np.random.default_rng(4)
    report = dict(folds=folds, conditions={}, calibration=None)

    fitted = [w for ws in windows.values() for w in ws if w["kind"] in ("clip", "short")]
    calibration = calibrate.fit(fitted)
    report["calibration"] = calibration
    # out of fold twice: the network and the calibration have both not met the fold that they are measured on
    others = {k: calibrate.fit([w for w in fitted if int(w["fold"]) != k]) for k in folds} if len(folds) > 1 else {folds[0]: calibration}
    for ws in windows.values():
        for w, llr in zip(ws, calibrate.apply(others[int(ws[0]["fold"])], ws)):
            w["llr"] = float(llr)

    pooled, curves = [], {}
    for condition in [*CONDITIONS, "short"]:
        here = [r for r in rows.values() if (r["kind"] == "clip" and r["condition"] == condition) or r["kind"] == condition]
        heard = [r for r in here if windows.get(r["path"])]
        scores = Scores(heard, {r["path"]: float(np.mean([w["logit"] for w in windows[r["path"]]])) for r in heard})
        curves[condition], table = (scores.value[scores.label == 0], scores.value[scores.label == 1]), scores.table()
        forced = Scores(here, {r["path"]: float(np.mean([w["llr"] for w in windows[r["path"]]])) if windows.get(r["path"]) else 0.0 for r in here})
        table["forced_eer"], table["forced_eer_95"] = forced.eer()
        for label in ("real", "fake"):
            silent = [not windows.get(r["path"]) for r in here if r["label"] == label]
            table[f"non_response_{label}"], table[f"non_response_{label}_95"] = float(np.mean(silent)), exact(sum(silent), len(silent))
        one = [windows[r["path"]][int(rng.integers(len(windows[r["path"]])))] for r in heard]
        table.update(costs(one))
        pooled += one
        report["conditions"][condition] = table
    report["pooled"] = costs(pooled)
    plot.det(curves, a.work / "eval" / "det.svg")

    for name, t in report["conditions"].items():
        print(f"{name:7s} n {t['genuine']}/{t['synthetic']} EER {t['eer']:.3f} [{t['eer_95'][0]:.3f},{t['eer_95'][1]:.3f}] AUC {t['auc']:.3f} inside {t['inside']:.3f} [{t['inside_95'][0]:.3f},{t['inside_95'][1]:.3f}] ({t['inside_sources']}) macro {t['macro_auc']:.3f} Cllr {t['cllr']:.3f} [{t['cllr_95'][0]:.3f},{t['cllr_95'][1]:.3f}] min {t['min_cllr']:.3f} forced {t['forced_eer']:.3f} none {t['non_response_real']:.3f}/{t['non_response_fake']:.3f}")
    epsilon = missed(rows, windows)
    report["epsilon_by_system"] = epsilon
    shares = [t["share"] for t in epsilon.values()]
    report["epsilon_95"] = metrics.mean_interval(shares, np.arange(len(shares)))
    talks = {label: [] for label in ("real", "fake")}
    for r in rows.values():
        ws = windows.get(r["path"])
        if r["kind"] == "talk" and ws:
            talks[r["label"]].append((r, [w["to_s"] for w in ws], [w["llr"] for w in ws], ws[-1]["to_s"] - ws[0]["from_s"]))
    law, how = calibrate.law([t[1:] for t in talks["real"]], float(np.mean(shares)), own_length=True)
    report["law"], report["law_measured"] = law, how
    report["chart"] = charts(law, talks)
    report["delay"] = delays(law, talks)
    plot.delay(report["delay"], a.work / "eval" / "delay.svg")
    report["odd"] = odd(law, rows, windows)
    report["abstained_s"] = {f"{label} {why}": round(s, 1) for (label, why), s in abstained.most_common()}
    (a.work / "eval" / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps({k: report[k] for k in ("pooled", "calibration", "law", "law_measured", "chart", "delay", "odd")}, indent=1))


def costs(one):
    """Cllr of one window a clip, with the calibration's weights."""
    weight, out = calibrate.weights(one), {}
    llr, fake = np.array([w["llr"] for w in one]), np.array([int(w["label"] == "fake") for w in one])
    source, system = np.array([w["source"] for w in one]), np.array([w["system"] for w in one])
    for name, cost in (("cllr", metrics.cllr), ("min_cllr", metrics.min_cllr)):
        def figure(i, label, _):
            g, s = i[label == 0], i[label == 1]
            return cost(llr[g], llr[s], weight[g], weight[s])

        every = np.arange(len(one))
        out[name], out[name + "_95"] = figure(every, fake, None), metrics.bootstrap(figure, every, fake, source, system)
    return out


def missed(rows, windows):
    """Of every system the share of clips, over all conditions, whose mean llr does not speak for synthetic; interval: recordings drawn anew, each with all its conditions."""
    found = collections.defaultdict(list)
    for r in rows.values():
        if r["label"] == "fake" and r["kind"] == "clip" and windows.get(r["path"]):
            found[r["system"]].append((r["id"], np.mean([w["llr"] for w in windows[r["path"]]]) <= 0))
    out = {}
    for system, clips in sorted(found.items()):
        if len(clips) >= 10:
            ids, lost = zip(*clips)
            out[system] = dict(n=len(clips), share=float(np.mean(lost)), share_95=metrics.mean_interval(lost, ids))
    return out


def charts(law, talks):
    """People flagged, and synthetic talks caught, by the chart at the default promise, over all talks, by condition and by source; thresholds from guests simulated by the law."""
    alarm, suspect = calibrate.threshold(law, PROMISE, CALL_S), calibrate.threshold(law, 10 * PROMISE, CALL_S)
    out = dict(threshold=alarm, suspect=suspect)
    for label, group in talks.items():
        tracks = [(r, t, calibrate.chart(t, x, law["rho"]), s) for r, t, x, s in group]
        out[label] = flagged(tracks, alarm, suspect)
        for by in ("condition", "source"):
            out[label]["by_" + by] = {name: flagged([k for k in tracks if k[0][by] == name], alarm, suspect) for name in sorted({r[by] for r, *_ in tracks})}
    return out


def flagged(tracks, alarm, suspect):
    n = len(tracks)
    synthetic, warned = sum(max(c) >= alarm for _, _, c, _ in tracks), sum(max(c) >= suspect for _, _, c, _ in tracks)
    after = [x for _, times, chart, _ in tracks if (x := first(times, chart, alarm)) is not None]
    return dict(n=n, hours=sum(s for *_, s in tracks) / 3600, people=len({(r["source"], r["speaker"]) for r, *_ in tracks}), synthetic=synthetic, synthetic_95=exact(synthetic, n),
                suspect=warned, suspect_95=exact(warned, n), median_s_to_alert=float(np.median(after)) if after else None)


def first(times, chart, height, since=0.0):
    """Seconds of media until the chart reaches that height, from the begin of the first window that ends after `since`."""
    begin = next(t for t in times if t > since) - 4
    return next((t - begin for t, c in zip(times, chart) if t > since and c >= height), None)


def delays(law, talks):
    """Synthetic speech that begins at BEGINS_S in a genuine talk of the same fold and condition (of another, where none is): share flagged within so many seconds of it, for several promises.
    Windows that hold both are left out, so the first that counts ends four seconds after the begin. A share counts talks whose synthetic part lasts that long."""
    rng, calls = np.random.default_rng(4), []
    for r, times, llrs, seconds in talks["fake"]:
        same = [g for g in talks["real"] if g[0]["fold"] == r["fold"] and g[0]["condition"] == r["condition"]] or talks["real"]
        _, before, said, _ = same[int(rng.integers(len(same)))]
        count = max(1, int(np.ceil(BEGINS_S / max(4.0, before[-1] - before[0] + 4))))
        step = before[-1] - before[0] + 4
        prefix = [(t - before[0] + 4 + k * step, x) for k in range(count) for t, x in zip(before, said) if t - before[0] + 4 + k * step <= BEGINS_S]
        calls.append(([t for t, _ in prefix] + [BEGINS_S + t - times[0] + 4 for t in times], [x for _, x in prefix] + list(llrs), seconds))
    out = {}
    for promise in PROMISES:
        height = calibrate.threshold(law, promise, CALL_S)
        after = [(first(t, calibrate.chart(t, x, law["rho"]), height, BEGINS_S), s) for t, x, s in calls]
        out[str(promise)] = dict(threshold=height, n=len(after), seconds=sorted(d for d, _ in after if d is not None), within={})
        for limit in WITHIN_S:
            long = [d for d, s in after if s >= limit]
            hit = sum(d is not None and d <= limit for d in long)
            out[str(promise)]["within"][str(limit)] = dict(n=len(long), flagged=hit, interval_95=exact(hit, len(long)) if long else (0.0, 1.0))
    return out


def odd(law, rows, windows):
    """What odd.py wrote: genuine talks that look strange, sound without speech (charts at the default promise), synthetic clips that try to pass (share whose mean llr speaks for synthetic)."""
    alarm, suspect = calibrate.threshold(law, PROMISE, CALL_S), calibrate.threshold(law, 10 * PROMISE, CALL_S)
    groups = collections.defaultdict(list)
    for r in rows.values():
        if r["kind"] in ("strange", "probe", "nothing"):
            groups[(r["kind"], r["condition"])].append(r)
    out = {kind: {} for kind in ("strange", "probe", "nothing")}
    for (kind, condition), here in groups.items():
        heard = [r for r in here if windows.get(r["path"])]
        llr = [float(np.mean([w["llr"] for w in windows[r["path"]]])) for r in heard]
        silent, unit = len(here) - len(heard), [r["system"] if kind == "probe" else r["speaker"] for r in heard]
        found = dict(n=len(here), no_answer=silent / len(here), no_answer_95=exact(silent, len(here)), mean_llr=float(np.mean(llr)) if llr else None, mean_llr_95=metrics.mean_interval(llr, unit) if llr else None,
                     hours=sum(windows[r["path"]][-1]["to_s"] - windows[r["path"]][0]["from_s"] for r in heard) / 3600)
        if kind == "probe":
            hit = sum(x > 0 for x in llr)
            found.update(speaks=hit, speaks_95=exact(hit, len(here)))
        else:
            tracks = [(r, [w["to_s"] for w in windows[r["path"]]], calibrate.chart([w["to_s"] for w in windows[r["path"]]], [w["llr"] for w in windows[r["path"]]], law["rho"]), 0.0) for r in heard]
            for name, height in (("synthetic", alarm), ("suspect", suspect)):
                hit = sum(max(c) >= height for _, _, c, _ in tracks)
                found.update({name: hit, name + "_95": exact(hit, len(here))})
        out[kind][condition] = found
    return out


if __name__ == "__main__":
    main()
