#!/usr/bin/env python3
"""Writes what is shipped: models/face-replay.onnx, its entry in models/manifest.toml, models/cards/face-replay.md and the list of every file it was trained or calibrated on.

usage: replay_ship.py WORK --face FACE [--run final]
Takes WORK/runs/RUN/net.pt, WORK/eval/report.json, real.json, odd.json and groups.json. What the card says in words lies in face-replay.md.in beside this script; every figure comes from the report.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import string
import subprocess
import sys

import onnxruntime

import face_ship
import face_strange
import manifest
import replay_measure
from ship import MODELS, percent, span

sys.path.append(str(MODELS / "training" / "replay"))
import replaynet
from captures import SPECIES
from replayfit import UNSEEN

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "0.3.0"
three, two = "{:.3f}".format, "{:.2f}".format


def entry(sha256, calibration, law):
    return manifest.crops("face-replay", VERSION, "face-presented", sha256, replaynet.SIZE, 1 + replaynet.GRID**2, manifest.calibration(calibration, law, "replay_ship.py"))


def data_list(work, rows, out):
    """Origin and SHA-256 of every clip, recording and still; captures are simulated from these"""
    drawn = {json.loads(str(about))["id"] for about in bank(work)}
    uses = {"clip": "train calibrate", "talk": "calibrate", "still": "train"}
    used = [dict(sha256=r["sha256"], label=r["label"], person=r["person"], use=uses[r["kind"]], origin=r["origin"]) for r in rows if r["label"] == "real" and (r["kind"] in ("clip", "talk") or r["id"] in drawn)]
    with open(out, "w", newline="") as f:
        w = csv.DictWriter(f, used[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(used)
    return used


def bank(work):
    import numpy as np

    for path in sorted((work / "bank").glob("[0-9]*[0-9].npz")):
        yield np.load(path)["about"]


def said(x):
    return "–" if not x["n"] else f"{percent(x['share'])} {span(x['span'], percent)} ({x['n']} of {x['people']} people)"


def tables(report, real):
    own = report["scores"]["face-replay"]
    rows = ["| presented as | APCER, species and person unseen | APCER, species met in training, person unseen | without a window |", "| --- | --- | --- | --- |"]
    nothing = dict(n=0)
    for species, words in SPECIES.items():
        rows.append(f"| {words} | {said(own['apcer']['unseen']['species'].get(species, nothing))} | {said(own['apcer']['met']['species'].get(species, nothing))} | {said(report['non_response'].get(species, nothing))} |")
    rows.append(f"| all | {said(own['apcer']['unseen']['all'])} | {said(own['apcer']['met']['all'])} | {said(report['non_response']['presented'])} |")
    people = ["| genuine clips | BPCER | without a window |", "| --- | --- | --- |"]
    people += [f"| {words} | {said(own['bpcer'][v])} | {said(report['non_response'].get(v, nothing))} |" for v, words in replay_measure.GENUINE.items()]
    people += [f"| all of these | {said(own['bpcer']['all'])} | {said(report['non_response']['genuine'])} |", f"| long recordings, never trained on | {said(own['bpcer']['talks'])} | {said(report['non_response'].get('talks', nothing))} |"]
    beside = ["| score | AUC | EER | BPCER | APCER, unseen | worst species | APCER, modelled as trained / otherwise |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, s in report["scores"].items():
        a = s["apcer"]
        pair = " / ".join(percent(a[f"unseen, modelled {w}"]["all"]["share"]) for w in ("as trained", "otherwise"))
        beside.append(f"| {name} | {three(s['auc'])} {span(s['auc_95'], three)} | {percent(s['eer'])} | {percent(s['bpcer']['all']['share'])} {span(s['bpcer']['all']['span'], percent)} | {percent(a['unseen']['all']['share'])} {span(a['unseen']['all']['span'], percent)} | {percent(a['unseen']['worst'])} | {pair} |")
    chart = ["| files, one condition a person | n | hours | *synthetic* | *suspect* or worse |", "| --- | --- | --- | --- | --- |"]
    for label, name in (("real", "genuine people"), ("fake", "presentations")):
        c = report["chart"][label]
        chart.append(f"| {name} | {c['n']} | {c['hours']:.2f} | {c['presented']} = {percent(c['presented'] / c['n'])} {span(c['presented_95'], percent)} | {c['suspect']} = {percent(c['suspect'] / c['n'])} {span(c['suspect_95'], percent)} |")
    talks = ["| person | version | windows | mean llr | highest chart score |", "| --- | --- | --- | --- | --- |"]
    talks += [f"| {t['person']} | {t['version']} | {t['windows']} | {t['mean_llr']:+.3f} | {t['highest']:.2f} |" for t in report["talks"]]
    few = ["| real replays | live / replayed, with a face | face-replay: AUC | MiniFASNet: AUC |", "| --- | --- | --- | --- |"]
    for source, r in real.items():
        if "logit" in r:
            few.append(f"| {source} | {r['genuine']} / {r['replays']} of {r['n']} | {three(r['logit']['auc'])} {span(r['logit']['auc_95'], three)} | {three(r['baseline']['auc'])} {span(r['baseline']['auc_95'], three)} |")
        else:
            answers = "; ".join(f"{a['label']}: logit {a['logit']:+.2f}, MiniFASNet {a['baseline']:+.2f}" for a in r["answers"]) or "no face found"
            few.append(f"| {source} | {r['genuine']} / {r['replays']} of {r['n']} | {answers} | |")
    missed = ["| species | missed: share of clips, species and person unseen, whose llr does not speak for a presentation |", "| --- | --- |", *[f"| {SPECIES[s]} | {percent(x)} |" for s, x in sorted(report["epsilon_by_species"].items(), key=lambda x: -x[1])]]
    return dict(species="\n".join(rows), people="\n".join(people), beside="\n".join(beside), chart="\n".join(chart), talks="\n".join(talks), real="\n".join(few), missed="\n".join(missed))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--run", default="final")
    a = ap.parse_args()
    report, real, odd, groups = (json.loads((a.work / "eval" / f"{n}.json").read_text()) for n in ("report", "real", "odd", "groups"))
    model = MODELS / "face-replay.onnx"
    subprocess.run([sys.executable, "-W", "ignore", MODELS / "training/replay/replaynet.py", a.work / "runs" / a.run / "net.pt", model], check=True)
    used = data_list(a.work, list(csv.DictReader(open(a.face / "pictures.csv"))), MODELS / "cards" / "face-replay-data.csv")
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest.put(MODELS / "manifest.toml", "face-replay", entry(sha256, report["calibration"], report["law"]))
    own, law, how, calibration = report["scores"]["face-replay"], report["law"], report["law_measured"], report["calibration"]
    unseen, genuine = own["apcer"]["unseen"], report["genuine"]
    figures = dict(
        version=VERSION, sha256=sha256, size=f"{model.stat().st_size / 1e6:.1f}", ms=f"{face_ship.cost_ms(model, replaynet.SIZE):.1f}", runtime=onnxruntime.__version__, **{kind: open(a.work / "runs" / f"{a.run}-{kind}" / "log.csv").read().split()[-1].split(",")[0] for kind in ("short", "long")},
        folds=len(report["folds"]), factor=replaynet.FACTOR, side=replaynet.SIZE, grid=replaynet.GRID, outputs=1 + replaynet.GRID**2, blocks=replaynet.BLOCKS, pairs=sum(1 for _ in bank(a.work)), auc=two(own["auc"]), auc_95=span(own["auc_95"], two), eer=percent(own["eer"]),
        apcer=percent(unseen["all"]["share"]), apcer_95=span(unseen["all"]["span"], percent), worst=percent(unseen["worst"]), bpcer=percent(own["bpcer"]["all"]["share"]), bpcer_95=span(own["bpcer"]["all"]["span"], percent),
        clips=sum(r["use"] == "train calibrate" for r in used), stills=sum(r["use"] == "train" for r in used), held="; ".join(f"fold {k}: {' and '.join(v)}" for k, v in UNSEEN.items() if v),
        share=two(report["share"]), caution=two(report["caution"]), offset=f"{calibration['offset']:+.3f}", slope=three(calibration["slope"]), cllr=three(report["costs"]["cllr"]), min_cllr=three(report["costs"]["min_cllr"]),
        **{f"forced_{key}": f"{form(report['forced'][key])} {span(report['forced'][f'{key}_95'], form)}" for key, form in (("cllr", three), ("auc", three), ("eer", percent))}, **{f"{key}_{label}": t[key] for label, t in report["forced"]["silent"].items() for key in ("n", "count")},
        guests=how["guests"], minutes=f"{how['seconds'] / 60:.0f}", mean=f"{how['mean']:+.3f}", spread=f"{how['variance']:.3f}", icc=two(how["measured_rho"]), epsilon=two(law["epsilon"]), worst_epsilon=two(max(report["epsilon_by_species"].values())), mean_epsilon=two(sum(report["epsilon_by_species"].values()) / len(report["epsilon_by_species"])), stated=face_ship.stated(law, how),
        threshold=two(report["chart"]["threshold"]), suspect=two(report["chart"]["suspect"]), genuine=genuine["clips"], genuine_people=genuine["people"], above_0=percent(genuine["above_0"]), above_1=percent(genuine["above_1"]), above_2=percent(genuine["above_2"]), highest=two(genuine["highest"]),
        odd=face_strange.odd_table(odd), groups=face_strange.groups_table(groups), turns=face_ship.turned({"a presentation, species unseen, after the person": report["spliced"]}), **tables(report, real))
    (MODELS / "cards" / "face-replay.md").write_text(string.Template((HERE / "face-replay.md.in").read_text()).substitute({k: str(v) for k, v in figures.items()}))
    print(f"shipped {sha256[:12]} {figures['size']} MB {figures['ms']} ms")


if __name__ == "__main__":
    main()
