#!/usr/bin/env python3
"""Measures the two cues on the videos of cue_attacks.py, calibrates them and, with --ship, writes their entries of models/manifest.toml, their cards and lists of data.

usage: cues.py WORK --windows face_windows --detector GRAPH [--ship]
Every figure is out of fold: people are dealt into three parts, and the calibration of each comes from the other two. What is shipped is fitted on all.
"""

import argparse
import collections
import csv
import json
import pathlib
import string
import subprocess

import numpy as np

import calibrate
import manifest
import metrics
from measure import exact

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent
VERSION, INDEPENDENCE_S = "0.1.0", 1.0
PRESENTED = ("loop", "to-and-fro", "print", "screen")
GENUINE = ("plain", "call", "shaken")
CUES = ("face-repeat", "face-flat")
# What each is calibrated on. Loops, which face-flat cannot see, lie lower than people who hold their device: against all presentations it would say nothing at all.
FITTED = {"face-repeat": (*GENUINE, *PRESENTED), "face-flat": ("shaken", "print", "screen")}
NAMES = {"plain": "genuine, as recorded", "call": "genuine, coded as in a call", "shaken": "genuine, held in a hand", "loop": "loop", "to-and-fro": "loop to and fro", "print": "print in a hand", "screen": "screen in a hand"}


def sights(work, binary, detector, rows):
    """What the eyes say of every video; asked once."""
    out = work / "cues" / "sights.jsonl"
    known = {json.loads(line)["input"] for line in open(out)} if out.is_file() else set()
    new = [r["path"] for r in rows if r["path"] not in known]
    for i in range(0, len(new), 10):
        with open(out, "a") as f:
            subprocess.run(["nice", "-n", "5", binary, "--detector", detector, *new[i : i + 10]], stdout=f, check=True)
        print(f"{min(i + 10, len(new))} of {len(new)} videos", flush=True)
    by = collections.defaultdict(list)
    for line in open(out):
        sight = json.loads(line)
        by[sight["input"]].append(sight)
    return by


def windows(cue, rows, seen):
    """Windows of the seat that has most of them in each video, as calibrate.py takes them."""
    out = []
    for r in rows:
        mine = [s for s in seen[r["path"]] if s.get("source") == cue and "score" in s]
        if not mine:
            continue
        seat = collections.Counter(s["seat"] for s in mine).most_common(1)[0][0]
        for s in mine:
            if s["seat"] == seat and s["to_s"] >= float(r["since_s"]):
                out.append({**{k: r[k] for k in ("path", "label", "system", "person", "source", "fold", "origin")}, "logit": s["score"], "to_s": s["to_s"], "observed_s": s["fresh_s"]})
    return out


def fit(cue, found):
    return calibrate.fit([w for w in found if w["system"] in FITTED[cue]], terms=[], full=5)


def out_of_fold(cue, found):
    llr = np.zeros(len(found))
    for fold in sorted({w["fold"] for w in found}):
        c = fit(cue, [w for w in found if w["fold"] != fold])
        here = [i for i, w in enumerate(found) if w["fold"] == fold]
        llr[here] = calibrate.apply(c, [found[i] for i in here])
    return llr


def share(k, n):
    if not n:
        return "-"
    low, high = exact(k, n)
    return f"{k} of {n} = {100 * k / n:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def measure(cue, rows, seen):
    found = windows(cue, rows, seen)
    llr = out_of_fold(cue, found)
    by_clip = collections.defaultdict(list)
    for w, x in zip(found, llr):
        by_clip[w["path"]].append(x)
    table = {}
    for version in (*GENUINE, *PRESENTED):
        clips = [r["path"] for r in rows if r["system"] == version]
        answered = [float(np.mean(by_clip[p])) for p in clips if p in by_clip]
        every = [x for p in clips for x in by_clip.get(p, [])]
        table[version] = dict(clips=len(clips), people=len({r["person"] for r in rows if r["system"] == version}), answered=len(answered), above=sum(m > 0 for m in answered), far=sum(m > 2 for m in answered), windows=len(every), quantiles=[float(q) for q in np.quantile(every, [0.05, 0.5, 0.95])] if every else [])
    is_fake = np.array([w["label"] == "fake" for w in found])
    means = {label: np.array([np.mean(by_clip[r["path"]]) for r in rows if r["label"] == label and r["path"] in by_clip]) for label in ("real", "fake")}
    talks = []
    for path in {r["path"] for r in rows if r["system"] in ("call", "shaken")}:
        mine = [(w["to_s"], x, w["observed_s"]) for w, x in zip(found, llr) if w["path"] == path]
        if len(mine) >= 2:
            t, x, s = zip(*mine)
            talks.append((list(t), np.array(x), float(sum(s))))
    missed = [1 - t["above"] / t["answered"] for v, t in table.items() if v in PRESENTED and t["answered"]]
    law, how = calibrate.law(sorted(talks, key=lambda t: (len(t[0]), t[2], float(t[1][0]))), float(np.mean(missed)), independence_s=INDEPENDENCE_S, own_length=True)
    # No Gaussian reaches what the people reach: there is no law, and the source may raise suspicion at most.
    lawful = np.isfinite(how["excess"])
    auc = {v: metrics.auc(llr[~is_fake], np.array([x for w, x in zip(found, llr) if w["system"] == v])) for v in PRESENTED if table[v]["windows"]}
    chart_at = {name: calibrate.threshold(law, s, 600) for name, s in (("synthetic", 0.01), ("suspect", 0.1))} if lawful else {}
    reached = {}
    for version in (*GENUINE, *PRESENTED):
        peaks, times = [], []
        for r in rows:
            mine = [(w["to_s"], x) for w, x in zip(found, llr) if w["path"] == r["path"] and r["system"] == version]
            if mine:
                scores = calibrate.chart(*zip(*mine), law["rho"], independence_s=INDEPENDENCE_S)
                peaks.append(max(scores))
        reached[version] = dict(n=len(peaks), **{name: int(sum(p >= h for p in peaks)) for name, h in chart_at.items()})
    return dict(calibration=fit(cue, found), law=law if lawful else None, epsilon=law["epsilon"], how=how, table=table, auc=auc, cllr=metrics.cllr(llr[~is_fake], llr[is_fake]), clip_eer=metrics.eer(means["real"], means["fake"]), fitted=sum(w["system"] in FITTED[cue] for w in found), chart_at=chart_at, reached=reached), {(w["path"], w["to_s"]): x for w, x in zip(found, llr)}


def abstained(rows, seen, source="face-forgery"):
    """Share of genuine time that a source abstains from, by reason, from the moment of joining."""
    out = {}
    for version in GENUINE:
        time = collections.Counter()
        for r in rows:
            if r["system"] != version:
                continue
            for s in seen[r["path"]]:
                if s.get("source") == source and s["seat"] == 0:
                    time[s.get("abstain", "judged")] += s["to_s"] - s["from_s"] if "abstain" in s else s["fresh_s"]
        total = sum(time.values())
        out[version] = {k: round(v / total, 4) for k, v in time.most_common()}
    return out


def entry(cue, report):
    return f"""[[cue]]
id = "{cue}"
version = "{VERSION}"
source = "{cue}"
hypotheses = ["face-presented"]
licence = "MIT OR Apache-2.0"
card = "cards/{cue}.md"

{manifest.calibration(report["calibration"], report["law"], "cues.py", "cue")}"""


def card(cue, report, apart, gate):
    columns = ["videos", "n (people)", "with an answer", "llr of a video above 0", "... above 2", "llr of a window: 5 %, median, 95 %", *(f"reaches *{name}*" for name in report["chart_at"])]
    lines = ["| " + " | ".join(columns) + " |", "| --- " * len(columns) + "|"]
    for v, t in report["table"].items():
        quantiles = " / ".join(f"{x:+.1f}" for x in t["quantiles"]) or "-"
        r = report["reached"][v]
        cells = [NAMES[v], f"{t['clips']} ({t['people']})", share(t["answered"], t["clips"]), share(t["above"], t["answered"]), share(t["far"], t["answered"]), quantiles, *(share(r[name], r["n"]) for name in report["chart_at"])]
        lines.append("| " + " | ".join(cells) + " |")
    c, law, how = report["calibration"], report["law"], report["how"]
    figures = dict(version=VERSION, table="\n".join(lines), offset=f"{c['offset']:+.2f}", slope=f"{c['slope']:.2f}", cllr=f"{report['cllr']:.2f}", eer=f"{100 * report['clip_eer']:.1f} %",
        auc="; ".join(f"{NAMES[v]} {x:.3f}" for v, x in report["auc"].items()), variance=f"{law['variance']:.2f}" if law else "-", rho=f"{law['rho']:.2f}" if law else "-", epsilon=f"{report['epsilon']:.2f}", guests=how["guests"], minutes=f"{how['seconds'] / 60:.0f}",
        icc=f"{how['measured_rho']:.2f}", mean=f"{how['mean']:+.2f}", spread=f"{how['variance']:.2f}", suspect=f"{report['chart_at'].get('suspect', 0):.2f}", synthetic=f"{report['chart_at'].get('synthetic', 0):.2f}", windows=report["fitted"], apart=f"{apart:+.2f}",
        gate="; ".join(f"{NAMES[v]}: " + ", ".join(f"{k} {100 * s:.1f} %" for k, s in shares.items()) for v, shares in gate.items()))
    (MODELS / "cards" / f"{cue}.md").write_text(string.Template((HERE / f"{cue}.md.in").read_text()).substitute({k: str(v) for k, v in figures.items()}))


def data_list(cue, rows):
    with open(MODELS / "cards" / f"{cue}-data.csv", "w", newline="") as f:
        w = csv.DictWriter(f, ["sha256", "label", "system", "person", "use", "origin"], lineterminator="\n")
        w.writeheader()
        for r in sorted(rows, key=lambda r: (r["origin"], r["system"])):
            w.writerow(dict(sha256=r["sha256"], label=r["label"], system=r["system"], person=r["person"], use="calibrate", origin=r["origin"]))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--windows", required=True)
    ap.add_argument("--detector", required=True)
    ap.add_argument("--ship", action="store_true")
    a = ap.parse_args()
    rows = list(csv.DictReader(open(a.work / "cues" / "list.csv")))
    seen = sights(a.work, a.windows, a.detector, rows)
    reports, llrs = {}, {}
    for cue in CUES:
        reports[cue], llrs[cue] = measure(cue, rows, seen)
    genuine = {r["path"] for r in rows if r["label"] == "real"}
    both = [k for k in llrs[CUES[0]] if k in llrs[CUES[1]] and k[0] in genuine]
    apart = float(np.corrcoef([llrs[CUES[0]][k] for k in both], [llrs[CUES[1]][k] for k in both])[0, 1])
    gate = abstained(rows, seen)
    (a.work / "cues" / "report.json").write_text(json.dumps(dict(cues=reports, correlation=apart, gate=gate), indent=1))
    print(json.dumps(dict(cues=reports, correlation=apart, gate=gate), indent=1))
    if a.ship:
        for cue in CUES:
            manifest.put(MODELS / "manifest.toml", cue, entry(cue, reports[cue]))
            card(cue, reports[cue], apart, gate)
            data_list(cue, rows)


if __name__ == "__main__":
    main()
