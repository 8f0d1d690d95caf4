#!/usr/bin/env python3
"""Writes what is shipped: models/voice-clone.onnx, its entry in models/manifest.toml, models/cards/voice-clone.md, its plot and the list of every file it was trained or calibrated on.

usage: ship.py WORK [--run final]
Takes WORK/runs/RUN, WORK/eval/report.json and trivial.json (and baseline.json, same.json and scan-*.json, where baseline.py, same.py and scan.py were run). What the card says in words lies in card.md.in beside this script; every figure comes from the report.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import string
import subprocess
import sys

import numpy as np

import baseline
import manifest

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent
VERSION = "0.3.0"


def entry(sha256, calibration, law):
    return f"""[[model]]
id = "voice-clone"
version = "{VERSION}"
file = "voice-clone.onnx"
sha256 = "{sha256}"
task = "voice-clone"
source = "voice-clone"
hypotheses = ["voice-synthetic"]
licence = "Apache-2.0"
card = "cards/voice-clone.md"
batch_buckets = [1, 2, 4]

[[model.input]]
name = "samples"
type = "float32"
shape = ["batch", 64000]

[[model.output]]
name = "logit"
type = "float32"
shape = ["batch"]

{manifest.calibration(calibration, law, "ship.py")}"""


def data_list(work, out):
    """Origin and SHA-256 of every recording, twin and utterance."""
    used = []
    for table, use in (("corpus", "train calibrate"), ("twins", "train"), ("utterances", "train")):
        for r in csv.DictReader(open(work / f"{table}.csv")):
            if table == "twins" and r["label"] == "real":
                continue  # a cut of a recording that is listed already
            digest = hashlib.sha256(pathlib.Path(r["path"]).read_bytes()).hexdigest() if table == "twins" else r["sha256"]
            used.append(dict(sha256=digest, label=r["label"], system=r["system"], use=use, origin=r["origin"]))
    with open(out, "w", newline="") as f:
        w = csv.DictWriter(f, used[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(used)
    return used


def cost_ms(model):
    """Median milliseconds of processor time of one window on one thread."""
    return baseline.costs({"voice-clone": baseline.session(model)})["voice-clone"]


def heard(work):
    """Examples that the listener's weights were fitted on"""
    return sum(len(np.load(f)["label"]) for f in (work / "heard").glob("[0-9]*[0-9].npz"))


def percent(x):
    return f"{100 * x:.1f} %"


def span(pair, form):
    return f"[{form(pair[0])}, {form(pair[1])}]"


def tables(report, trivial, published, scans):
    two, three = "{:.2f}".format, "{:.3f}".format
    names = dict(clean="clean 16 kHz", opus24="Opus 24 kbit/s, 5 % loss", g711="G.711 at 8 kHz", amr="AMR-NB 12.2", room="noisy room, 10-20 dB", suppressed="noise suppressed", short="1-3.2 s, any of these")
    rows = ["| condition | genuine / synthetic clips | EER | AUC pooled | AUC inside a source | AUC, mean over systems | min DCF | Cllr | min Cllr | forced EER | no answer, genuine / synthetic |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for key, t in report["conditions"].items():
        rows.append(f"| {names[key]} | {t['genuine']} / {t['synthetic']} | {percent(t['eer'])} {span(t['eer_95'], percent)} | {three(t['auc'])} {span(t['auc_95'], three)} | {three(t['inside'])} {span(t['inside_95'], three)} ({t['inside_sources']} sources) | {three(t['macro_auc'])} {span(t['macro_auc_95'], three)} | {two(t['min_dcf'])} {span(t['min_dcf_95'], two)} | {two(t['cllr'])} {span(t['cllr_95'], two)} | {two(t['min_cllr'])} {span(t['min_cllr_95'], two)} | {percent(t['forced_eer'])} {span(t['forced_eer_95'], percent)} | {percent(t['non_response_real'])} {span(t['non_response_real_95'], percent)} / {percent(t['non_response_fake'])} {span(t['non_response_fake_95'], percent)} |")
    systems = report["conditions"]["clean"]["systems"]
    by = ["| system (clean) | clips | AUC against all genuine | clips, all conditions | missed |", "| --- | --- | --- | --- | --- |"]
    for s, t in sorted(systems.items(), key=lambda x: x[1]["auc"]):
        lost = report["epsilon_by_system"].get(s)
        by.append(f"| {s} | {t['n']} | {three(t['auc'])} {span(t['auc_95'], three)} | " + (f"{lost['n']} | {percent(lost['share'])} {span(lost['share_95'], percent)} |" if lost else "- | - |"))
    cheap = ["| boosted trees on sixteen trivial cues | genuine / synthetic clips | EER | AUC pooled | AUC inside a source |", "| --- | --- | --- | --- | --- |"]
    for kind, label in (("raw", "recordings as they are"), ("normalised", "after high-pass, level and cut, as everything above")):
        t = trivial[kind]
        cheap.append(f"| {label} | {t['genuine']} / {t['synthetic']} | {percent(t['eer'])} {span(t['eer_95'], percent)} | {three(t['auc'])} {span(t['auc_95'], three)} | {three(t['inside'])} {span(t['inside_95'], three)} |")
    if published:
        cheap += ["", f"Published weights, on every third of the clean clips ({published['genuine']} genuine, {published['synthetic']} synthetic), and what a window costs (one thread, median processor time, all in one run):", "",
                  "| detector | EER | AUC pooled | AUC inside a source | ms a window |", "| --- | --- | --- | --- | --- |"]
        for name, t in published["detectors"].items():
            cheap.append(f"| {name} (ASVspoof 2019 LA) | {percent(t['eer'])} {span(t['eer_95'], percent)} | {three(t['auc'])} {span(t['auc_95'], three)} | {three(t['inside'])} {span(t['inside_95'], three)} | {published['ms'][name]:.0f} |")
        cheap.append(f"| this network (4 s) | first table | | | {published['ms']['voice-clone']:.1f} |")
    c = report["chart"]
    people, fakes = c["real"], c["fake"]
    chart = ["| talks of up to a minute and a half, one condition each | n | hours | *synthetic* | *suspect* or worse | median seconds to the alert |", "| --- | --- | --- | --- | --- | --- |"]
    for label, t in (("genuine people", people), ("synthetic, one system and source each", fakes)):
        after = "-" if t["median_s_to_alert"] is None else f"{t['median_s_to_alert']:.0f}"
        chart.append(f"| {label} | {t['n']} | {t['hours']:.2f} | {t['synthetic']} = {percent(t['synthetic'] / max(1, t['n']))} {span(t['synthetic_95'], percent)} | {t['suspect']} = {percent(t['suspect'] / max(1, t['n']))} {span(t['suspect_95'], percent)} | {after} |")
    rows_scan = []
    for kind, label in (("talk", "talks"), ("clip", "clips of at most 5.6 s")):
        if kind in scans:
            rows_scan += ["", f"What `callguard scan` says of {label} (a file is a call of its own length; `scan.py`):", "", "| | n | *synthetic* | *suspect* | inconclusive | *genuine* | median seconds to the alert |", "| --- | --- | --- | --- | --- | --- | --- |"]
            for who, t in (("genuine", scans[kind]["real"]), ("synthetic", scans[kind]["fake"])):
                cells = " | ".join(f"{percent(t[v]['share'])} {span(t[v]['interval_95'], percent)}" if v in t else "0.0 %" for v in ("synthetic", "suspect", "inconclusive", "genuine"))
                after = "-" if t["median_alert_s"] is None else f"{t['median_alert_s']:.1f}"
                rows_scan.append(f"| {who} | {t['n']} | {cells} | {after} |")
    chart += rows_scan
    return dict(conditions="\n".join(rows), systems="\n".join(by), trivial="\n".join(cheap), chart="\n".join(chart), alarms=alarms(people, names), delay=delay(report["delay"]), strange=strange(report["odd"]), probes=probes(report["odd"]))


def share(k, n, interval):
    return f"{k} = {percent(k / max(1, n))} {span(interval, percent)}"


def alarms(people, names):
    rows = ["| genuine talks | n | people | hours | *synthetic* | *suspect* or worse |", "| --- | --- | --- | --- | --- | --- |"]
    for by in ("condition", "source"):
        for name, t in people["by_" + by].items():
            if by == "condition" or t["suspect"]:
                rows.append(f"| {names.get(name, name)} | {t['n']} | {t['people']} | {t['hours']:.2f} | {share(t['synthetic'], t['n'], t['synthetic_95'])} | {share(t['suspect'], t['n'], t['suspect_95'])} |")
    quiet = [t for t in people["by_source"].values() if not t["suspect"]]
    rows.append(f"| {len(quiet)} sources more | {sum(t['n'] for t in quiet)} | {sum(t['people'] for t in quiet)} | {sum(t['hours'] for t in quiet):.2f} | 0 | 0 |")
    return "\n".join(rows)


def delay(report):
    limits = list(next(iter(report.values()))["within"])
    rows = ["| promise: genuine guests flagged in 10 min, at most | threshold, nats | " + " | ".join(f"flagged within {s} s" for s in limits) + " |", "| --- | --- |" + " --- |" * len(limits)]
    for promise, t in report.items():
        cells = " | ".join(f"{share(w['flagged'], w['n'], w['interval_95'])} of {w['n']}" for w in t["within"].values())
        rows.append(f"| {100 * float(promise):g} % | {t['threshold']:.2f} | {cells} |")
    return "\n".join(rows)


def silent(t):
    return f"{percent(t['no_answer'])} {span(t['no_answer_95'], percent)}"


def mean(t):
    return "-" if t["mean_llr"] is None else f"{t['mean_llr']:+.2f} {span(t['mean_llr_95'], '{:+.2f}'.format)}"


def strange(report):
    rows = ["| genuine, but | n | hours | no answer | mean llr | *synthetic* | *suspect* or worse |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, t in [*report["strange"].items(), *report["nothing"].items()]:
        rows.append(f"| {name} | {t['n']} | {t['hours']:.2f} | {silent(t)} | {mean(t)} | {share(t.get('synthetic', 0), t['n'], t['synthetic_95'])} | {share(t.get('suspect', 0), t['n'], t['suspect_95'])} |")
    return "\n".join(rows)


def probes(report):
    rows = ["| synthetic clips, | n | hours | no answer | mean llr | llr speaks for synthetic |", "| --- | --- | --- | --- | --- | --- |"]
    for name, t in report["probe"].items():
        rows.append(f"| {name} | {t['n']} | {t['hours']:.2f} | {silent(t)} | {mean(t)} | {percent(t['speaks'] / t['n'])} {span(t['speaks_95'], percent)} |")
    return "\n".join(rows)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--run", default="final")
    a = ap.parse_args()
    report = json.loads((a.work / "eval" / "report.json").read_text())
    trivial = json.loads((a.work / "eval" / "trivial.json").read_text())
    published, same = (json.loads(f.read_text()) if f.is_file() else None for f in (a.work / "eval" / "baseline.json", a.work / "eval" / "same.json"))
    scans = {f.stem[len("scan-") :]: json.loads(f.read_text()) for f in (a.work / "eval").glob("scan-*.json")}
    model = MODELS / "voice-clone.onnx"
    subprocess.run([sys.executable, "-W", "ignore", MODELS / "training/voice/export.py", a.work / "runs" / a.run, model], check=True)
    (MODELS / "cards").mkdir(exist_ok=True)
    used = data_list(a.work, MODELS / "cards" / "voice-clone-data.csv")
    for plot in ("det", "delay"):
        (MODELS / "cards" / f"voice-clone-{plot}.svg").write_bytes((a.work / "eval" / f"{plot}.svg").read_bytes())
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest.put(MODELS / "manifest.toml", "voice-clone", entry(sha256, report["calibration"], report["law"]))
    law, how, calibration = report["law"], report["law_measured"], report["calibration"]
    quality = "; ".join(f"{t['measure']} ({t['transform']}, {t['min']:g} to {t['max']:g}): {t['offset']:+.2f} to the offset and {t['slope']:+.2f} to the slope per {t['scale']:.2f} from {t['centre']:.2f}" for t in calibration["quality"])
    steps = sum(1 for _ in open(a.work / "runs" / a.run / "log.csv")) and open(a.work / "runs" / a.run / "log.csv").read().split()[-1].split(",")[0]
    figures = dict(
        version=VERSION, sha256=sha256, size=f"{model.stat().st_size / 1e6:.1f}", ms=f"{cost_ms(model):.1f}", steps=steps, folds=len(report["folds"]),
        systems_trained=len({r["system"] for r in used if r["label"] == "fake" and "calibrate" in r["use"]}), clean_eer=percent(report["conditions"]["clean"]["eer"]), clean_inside=f"{report['conditions']['clean']['inside']:.2f}",
        worst_eer=percent(max(t["eer"] for t in report["conditions"].values())), real=sum(r["label"] == "real" for r in used), fake=sum(r["label"] == "fake" and "calibrate" in r["use"] for r in used), twins=sum(r["system"].startswith("twin-") for r in used),
        made=sum(r["system"] in ("espeak-ng", "flite", "piper", "kokoro") for r in used), heard=f"{heard(a.work):,}", offset=f"{calibration['offset']:+.2f}", slope=f"{calibration['slope']:.2f}", quality=quality,
        variance=f"{law['variance']:.2f}", rho=f"{law['rho']:.2f}", epsilon=f"{law['epsilon']:.2f} {span(report['epsilon_95'], '{:.2f}'.format)}", icc=f"{how['measured_rho']:.2f}", people=how["guests"], minutes=f"{how['seconds'] / 60:.0f}", mean=f"{how['mean']:+.2f}",
        spread=f"{how['variance']:.2f}", cllr=f"{report['pooled']['cllr']:.2f} {span(report['pooled']['cllr_95'], '{:.2f}'.format)}", min_cllr=f"{report['pooled']['min_cllr']:.2f} {span(report['pooled']['min_cllr_95'], '{:.2f}'.format)}", threshold=f"{report['chart']['threshold']:.2f}", suspect=f"{report['chart']['suspect']:.2f}",
        same=f"on {same['windows']} windows without a pause, cut out of the files by their times, the graph in Python and the program differ by at most {same['largest']:.1e} nats (`same.py`)" if same else "`same.py` was not run",
        **tables(report, trivial, published, scans))
    (MODELS / "cards" / "voice-clone.md").write_text(string.Template((HERE / "card.md.in").read_text()).substitute({k: str(v) for k, v in figures.items()}))
    print(f"shipped {sha256[:12]} {figures['size']} MB {figures['ms']} ms")


if __name__ == "__main__":
    main()
