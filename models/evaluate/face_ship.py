#!/usr/bin/env python3
"""Writes what is shipped: models/face-forgery.onnx, its entry in models/manifest.toml, models/cards/face-forgery.md, its plot and the list of every file it was trained or calibrated on.

usage: face_ship.py WORK [--run final]
Takes WORK/runs/RUN/net.pt (the mean of runs RUN-0 and RUN-0.5), WORK/eval/report.json, trivial.json, baseline.json, odd.json and groups.json (and scan.json, where face_scan.py was run). What the card says in words lies in face-forgery.md.in beside this script; every figure comes from the report.
"""

import argparse
import csv
import hashlib
import json
import math
import pathlib
import string
import subprocess
import sys
import time

import numpy as np
import onnxruntime

import face_baseline
import face_measure
import face_strange
import manifest
from ship import MODELS, percent, span

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "0.4.0"
MOST_TRIVIAL = 0.60  # AUC of trees on what the crop betrays, out of fold: above, a score may be no more than that
three, two = "{:.3f}".format, "{:.2f}".format
FLOOR = """Of the law that the manifest states, rho $rho is measured and variance $variance is *not*: it is a floor (the fit that states the voice's law ran to the edge of its search here). Thresholds follow the variance, and one as narrow as so weak a score's would raise alerts on hundredths of a nat;
with the floor they are out of this model's reach."""
FITTED = """What the manifest states, variance $variance and rho $rho, belongs to the decision's model (genuine llr ~ N(-v/2, v), a share rho of v the guest's own): the smallest excess at which guests simulated by it, seen as long, reach every chart score
in the people's upper fifth at least as often as they did (rho raised where needed)."""


def stated(law, how):
    """What the card says of where the law comes from"""
    if not how["floor"] and not math.isfinite(how["excess"]):
        sys.exit("no law of the searched range bounds what genuine people reached: the llrs must be made smaller before anything is shipped (calibrate.py's law; replay_measure.py's CAUTION)")
    return string.Template(FLOOR if how["floor"] else FITTED).substitute(variance=two(law["variance"]), rho=two(law["rho"]))


def entry(sha256, calibration, law):
    return manifest.crops("face-forgery", VERSION, "face-synthetic", sha256, 160, 101, manifest.calibration(calibration, law, "face_ship.py"))


def data_list(work, out):
    """Origin and SHA-256 of every clip, recording, still and copy."""
    uses = {"clip": "train calibrate", "talk": "calibrate", "still": "train"}
    rows = [r for r in csv.DictReader(open(work / "pictures.csv")) if r["kind"] in uses]
    used = [dict(sha256=r["sha256"], label=r["label"], system=r["system"], person=r["person"], use=uses[r["kind"]], origin=r["origin"]) for r in rows]
    of = {r["id"]: r for r in rows}
    for path in sorted((work / "copies").glob("*.npz")):
        r = of.get(path.name.split("-")[0])
        if r:
            digest = hashlib.sha256(np.load(path)["copy"].tobytes()).hexdigest()
            used.append(dict(sha256=digest, label="fake", system="copy-taef2", person=r["person"], use="train", origin=f"TAEF2 of {r['origin']} ({path.stem.split('-')[1]})"))
    with open(out, "w", newline="") as f:
        w = csv.DictWriter(f, used[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(used)
    return used


def cost_ms(model, side=160):
    """Median milliseconds of one crop on one thread: processor time, so that a busy machine does not count."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    crop, taken = np.random.default_rng(1).integers(0, 256, (1, side, side, 3), dtype=np.uint8), []
    for _ in range(60):
        began = time.process_time()
        session.run(None, {"crop": crop})
        taken.append(1e3 * (time.process_time() - began))
    return float(np.median(taken))


def counted(t):
    """share [exact 95 % interval] (count of n)"""
    return f"{percent(t['count'] / t['n'])} {span(t['exact_95'], percent)} ({t['count']} of {t['n']})"


def turned(calls):
    """Rows of calls that turn from genuine to forged"""
    rows = ["| call | calls (people) | seconds to be had after the turn: least, median, most | *synthetic* within 10 s | *suspect* or worse | *suspect* before the turn |", "| --- | --- | --- | --- | --- | --- |"]
    for name, t in calls.items():
        rows.append(f"| {name} | {t['after']['suspect']['n']} ({t['people']}) | {', '.join(f'{s:.1f}' for s in t['seconds'])} | {counted(t['after']['synthetic'])} | {counted(t['after']['suspect'])} | {counted(t['before']['suspect'])} |")
    return "\n".join(rows)


def tables(report, trivial, published, scan):
    both = lambda t, key, form=three: f"{form(t[key])} {span(t[key + '_95'], form)}"
    rows = ["| clips | genuine (people) / synthetic | EER | AUC | AUC within fifths of equal sharpness | AUC, mean over systems | with swaps: AUC | within fifths | Cllr | min Cllr |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    lost = ["| clips, each beside itself as it is | genuine (people) / synthetic | AUC as they are | AUC | AUC lost |", "| --- | --- | --- | --- | --- |"]
    pairs = ["| clips | network | pairs (people) | in order | AUC |", "| --- | --- | --- | --- | --- |"]
    for version, t in report["conditions"].items():
        rows.append(f"| {face_measure.VERSIONS[version]} | {t['genuine']} ({t['people']}) / {t['synthetic']} | {both(t, 'eer', percent)} | {both(t, 'auc')} | {both(t, 'fifths')} | {both(t, 'macro')} ({len(t['systems'])}) | {both(t, 'auc_all')} | {both(t, 'fifths_all')} | {t['cllr']:.3f} | {t['min_cllr']:.3f} |")
        for s, network in ((report["swaps"][version], "the fold's: person unseen, swapper met"), (report["swaps_unmet"][version], "one that met neither the swapper nor its source")):
            pairs.append(f"| {face_measure.VERSIONS[version]} | {network} | {s['pairs']} ({s['people']}) | {both(s, 'in_order', percent)} | {both(s, 'auc')} |")
    for version, t in report["loss"].items():
        lost.append(f"| {face_measure.VERSIONS[version]} | {t['genuine']} ({t['people']}) / {t['synthetic']} | {three(t['plain'])} | {three(t['auc'])} | {t['lost']:+.3f} [{t['lost_95'][0]:+.3f}, {t['lost_95'][1]:+.3f}] |")
    silent = ["| clips | genuine without a window | synthetic without a window | forced: genuine / synthetic (without a window) | EER | AUC | Cllr |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for version, t in report["silent"].items():
        f = report["forced"][version]
        of_all = " / ".join(f"{f['silent'][label]['n']} ({f['silent'][label]['count']})" for label in ("real", "fake"))
        silent.append(f"| {face_measure.VERSIONS[version]} | {counted(t['real'])} | {counted(t['fake'])} | {of_all} | {both(f, 'eer', percent)} | {both(f, 'auc')} | {both(f, 'cllr')} |")
    line = lambda name, t, swaps: f"| {name} | {both(t, 'auc')} | {both(t, 'fifths')} | {both(t, 'macro')} | {both(swaps, 'in_order', percent)} | {both(swaps, 'auc')} |"
    beside = ["| clips as they are | AUC | AUC within fifths of equal sharpness | AUC, mean over systems | swap pairs in order | swap AUC |", "| --- | --- | --- | --- | --- | --- |"]
    beside.append(line("face-forgery, of the folds", report["conditions"]["plain"], report["swaps"]["plain"]))
    beside += [line(face_baseline.NAMES[name], t, t["swaps"]) for name, t in published.items()]
    for kind, label in (("crop", "boosted trees on what the crop betrays: sharpness, noise, light, colour, coding grid, border"), ("all", "on that, and frame and face size, place, sound")):
        beside.append(line(label, trivial[kind], trivial[kind]["swaps"]))
    turns = turned({f"real-time swap after its original, {face_measure.VERSIONS[v]}": t for v, t in report["spliced"].items()})
    chart = ["| clips and recordings, one condition each | n | hours | *synthetic* | *suspect* or worse |", "| --- | --- | --- | --- | --- |"]
    for label, name in (("real", "genuine people"), ("fake", "synthetic")):
        c = report["chart"][label]
        chart.append(f"| {name} | {c['n']} | {c['hours']:.2f} | {c['synthetic']} = {percent(c['synthetic'] / c['n'])} {span(c['synthetic_95'], percent)} | {c['suspect']} = {percent(c['suspect'] / c['n'])} {span(c['suspect_95'], percent)} |")
    talks = ["| person | version | windows | mean llr | highest chart score |", "| --- | --- | --- | --- | --- |"]
    talks += [f"| {t['person']} | {t['version']} | {t['windows']} | {t['mean_llr']:+.3f} | {t['highest']:.2f} |" for _, t in sorted(report["talks"].items(), key=lambda x: (x[1]["person"], x[1]["version"], x[0]))]
    by = ["| system (clips as they are) | AUC against all genuine | missed, all conditions |", "| --- | --- | --- |"]
    by += [f"| {s} | {three(x)} | {percent(report['epsilon_by_system'][s])} |" for s, x in sorted(report["conditions"]["plain"]["systems"].items(), key=lambda x: x[1])]
    said = []
    for name, t in scan.items():
        said += ["", f"What `callguard scan` says of {name} with the fold's network (a file is a call of its own length; `face_scan.py`):", "", "| | n | *synthetic* | *suspect* | inconclusive | *genuine* | without a window | share of time abstained |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
        for label, who in (("real", "genuine"), ("fake", "synthetic"), ("swap", "real-time swaps")):
            if label in t:
                cells = " | ".join(f"{percent(t[label][v]['share'])} {span(t[label][v]['interval_95'], percent)}" if v in t[label] else "0.0 %" for v in ("synthetic", "suspect", "inconclusive", "genuine"))
                said.append(f"| {who} | {t[label]['n']} | {cells} | {t[label]['silent']} | {percent(t[label]['abstained_share'])} |")
        if "order" in t:
            o, w = t["order"], t["order"]["swaps"]
            said += ["", f"By the llrs of that scan, clips with a window: AUC {both(o, 'auc')} ({o['genuine']} genuine, {o['synthetic']} synthetic of unseen systems), mean over systems {both(o, 'macro')}; swap pairs in order {both(w, 'in_order', percent)} ({w['pairs']} pairs of {w['people']} people)."]
    return dict(conditions="\n".join(rows), loss="\n".join(lost), silent="\n".join(silent), swaps="\n".join(pairs), beside="\n".join(beside), turns=turns, chart="\n".join(chart), talks="\n".join(talks), systems="\n".join(by), scan="\n".join(said))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--run", default="final")
    a = ap.parse_args()
    report, trivial, published = (json.loads((a.work / "eval" / f"{n}.json").read_text()) for n in ("report", "trivial", "baseline"))
    odd, groups = (json.loads((a.work / "eval" / f"{n}.json").read_text()) for n in ("odd", "groups"))
    if trivial["crop"]["auc"] > MOST_TRIVIAL:
        raise SystemExit(f"face_ship.py: trivial cues of the crop alone reach an AUC of {trivial['crop']['auc']:.2f} on unseen systems, above {MOST_TRIVIAL}: break that shortcut by augmentation or other data before this is shipped")
    scanned = a.work / "eval" / "scan.json"
    scan = json.loads(scanned.read_text()) if scanned.is_file() else {}
    model = MODELS / "face-forgery.onnx"
    subprocess.run([sys.executable, "-W", "ignore", MODELS / "training/face/to_onnx.py", a.work / "runs" / a.run / "net.pt", model], check=True)
    used = data_list(a.work, MODELS / "cards" / "face-forgery-data.csv")
    (MODELS / "cards" / "face-forgery-det.svg").write_bytes((a.work / "eval" / "det.svg").read_bytes())
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest.put(MODELS / "manifest.toml", "face-forgery", entry(sha256, report["calibration"], report["law"]))
    plain, law, how, calibration, swap, unmet = report["conditions"]["plain"], report["law"], report["law_measured"], report["calibration"], report["swaps"]["plain"], report["swaps_unmet"]["plain"]
    quality = "".join(f" {t['measure']} ({t['transform']}, {t['min']:g} to {t['max']:g}): {t['slope']:+.2f} to the slope per {t['scale']:.2f} from {t['centre']:.2f}." for t in calibration["quality"])
    figures = dict(
        version=VERSION, sha256=sha256, size=f"{model.stat().st_size / 1e6:.1f}", ms=f"{cost_ms(model):.1f}", runtime=onnxruntime.__version__, steps=next((a.work / "runs").glob(f"{a.run}-*/log.csv")).read_text().split()[-1].split(",")[0], folds=len(report["folds"]),
        auc=two(plain["auc"]), auc_95=span(plain["auc_95"], two), macro=two(plain["macro"]), macro_95=span(plain["macro_95"], two), eer=percent(plain["eer"]), in_order=f"{percent(swap['in_order'])} {span(swap['in_order_95'], percent)}", unmet=f"{percent(unmet['in_order'])} {span(unmet['in_order_95'], percent)}",
        real_clips=sum(r["label"] == "real" and "train" in r["use"] and "calibrate" in r["use"] for r in used), fake_clips=sum(r["label"] == "fake" and "calibrate" in r["use"] for r in used), systems_trained=len({r["system"] for r in used if "calibrate" in r["use"] and r["system"]}),
        stills=sum(r["use"] == "train" and r["label"] == "real" for r in used), copies=sum(r["system"] == "copy-taef2" for r in used), share=two(report["share"]), offset=f"{calibration['offset']:+.3f}", slope=three(calibration["slope"]), quality=quality, cllr=three(report["pooled"]["cllr"]),
        min_cllr=three(report["pooled"]["min_cllr"]), people=how["guests"], minutes=f"{how['seconds'] / 60:.0f}", talkers=report["talkers"], mean=f"{how['mean']:+.3f}", spread=f"{how['variance']:.4f}", icc=two(how["measured_rho"]), variance=two(law["variance"]), rho=two(law["rho"]),
        epsilon=two(law["epsilon"]), eps_systems=two(report["epsilon"]["systems"]), eps_swaps=two(report["epsilon"]["swaps"]), eps_clips=report["epsilon"]["clips"], stated=stated(law, how), threshold=two(report["chart"]["threshold"]), suspect=two(report["chart"]["suspect"]), odd=face_strange.odd_table(odd), groups=face_strange.groups_table(groups), **tables(report, trivial, published, scan))
    (MODELS / "cards" / "face-forgery.md").write_text(string.Template((HERE / "face-forgery.md.in").read_text()).substitute({k: str(v) for k, v in figures.items()}))
    print(f"shipped {sha256[:12]} {figures['size']} MB {figures['ms']} ms")


if __name__ == "__main__":
    main()
