#!/usr/bin/env python3
"""What the program itself decides on unseen people and systems: `callguard scan` over each fold's clips and recordings with that fold's network, calibrated on the other folds.

usage: face_scan.py WORK CALLGUARD [--detector MODELS] [--most N]
MODELS is the folder whose manifest holds the face detector (default: models). Needs face_measure.py's output. Counts verdicts by class with exact 95 % intervals, the share of people flagged at the default promise, and the share of time that was
abstained from; writes WORK/eval/scan.json. Sound is taken out, so that the voice says nothing.
"""

import argparse
import collections
import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy as np

import face_measure
import face_ship
import manifest
import metrics
from face_score import facefolds
from measure import exact

SOURCE = "face-forgery"


def folder_of(work, k, report, detector):
    """A folder of models that holds the detector and the fold's network, and nothing else"""
    out = work / "eval" / f"models-fold{k}"
    (out / "cards").mkdir(parents=True, exist_ok=True)
    text = (detector / "manifest.toml").read_text()
    starts = [m.start() for m in manifest.START.finditer(text)] + [len(text)]
    kept = next(text[i:j] for i, j in zip(starts, starts[1:]) if re.search(r'^id = "face-detector"$', text[i:j], re.MULTILINE))
    for key in ("file", "card"):
        name = re.search(rf'^{key} = "(.*)"$', kept, re.MULTILINE).group(1)
        shutil.copy(detector / name, out / name)
    shutil.copy(work / "runs" / f"fold{k}" / "face-forgery.onnx", out)
    (out / "cards" / "face-forgery.md").write_text(f"The network of fold {k}.\n")
    sha256 = hashlib.sha256((out / "face-forgery.onnx").read_bytes()).hexdigest()
    (out / "manifest.toml").write_text(manifest.HEADER + "\n" + kept.rstrip("\n") + "\n\n" + face_ship.entry(sha256, report["calibration_by_fold"][str(k)], report["law"]))
    return out


def face(found):
    """The participant with most windows of the source, or None"""
    faces = [p for p in found["participants"] if p["kind"] == "face" and SOURCE in p["sources"]]
    return max(faces, key=lambda p: p["sources"][SOURCE]["windows"], default=None)


def order(judged):
    """How well the llrs that scan gives put clips in order: against systems that no network or calibration had met, and swaps against their own originals"""
    of = lambda ws: ws[0]["llr"]
    unseen = face_measure.Scores([[w] for w in judged if not w["swap"]], of)
    auc, auc_95 = unseen.figure(metrics.auc)
    _, macro, macro_95 = unseen.macro()
    counted = collections.Counter(w["label"] for w in judged if not w["swap"])
    return dict(genuine=counted["real"], synthetic=counted["fake"], auc=auc, auc_95=auc_95, macro=macro, macro_95=macro_95,
                swaps=face_measure.swaps({w["id"]: [w] for w in judged}, "plain", of))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("program")
    ap.add_argument("--detector", type=pathlib.Path, default=face_ship.MODELS)
    ap.add_argument("--most", type=int, default=10_000, help="files of a fold and kind, at most")
    a = ap.parse_args()
    report = json.loads((a.work / "eval" / "report.json").read_text())
    rows, folds = list(csv.DictReader(open(a.work / "pictures.csv"))), facefolds.table()
    told, judged = collections.defaultdict(lambda: collections.defaultdict(list)), []
    for k in report["folds"]:
        models = folder_of(a.work, k, report, a.detector)
        for kind, name in (("clip", "clips"), ("talk", "long recordings")):
            tested = [r for r in facefolds.tested(rows, k, folds) if r["kind"] == kind][: a.most]
            with tempfile.TemporaryDirectory() as folder:
                inputs = {}
                for r in tested:
                    silent = os.path.join(folder, f"{r['id']}.mkv")
                    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", r["path"], "-t", "60", "-an", "-c:v", "copy", silent], check=True, stderr=subprocess.DEVNULL)
                    inputs[silent] = r
                done = subprocess.run([a.program, "scan", "--format", "jsonl", "--models", models, *inputs], capture_output=True, text=True)
                if not done.stdout:
                    raise SystemExit(f"callguard scan said nothing: {done.stderr[-500:]}")
                out = done.stdout
            for line in out.splitlines():
                found = json.loads(line)
                r = inputs[found["input"]]
                label = "swap" if r["label"] == "fake" and facefolds.shared_system(r, folds) else r["label"]
                who = face(found)
                told[name][label].append((found["verdict"] if found["status"] != "error" else "error", who))
                if kind == "clip" and who and who["sources"][SOURCE]["llr"] is not None:
                    judged.append(dict(id=r["id"], version="plain", label=r["label"], swap=label == "swap", system=r["system"], pair=r["pair"], person=r["person"], source=r["person"] or r["id"], llr=who["sources"][SOURCE]["llr"]))
    result = {}
    for name, by_label in told.items():
        result[name] = {}
        for label, answers in by_label.items():
            n, counted = len(answers), collections.Counter(v for v, _ in answers)
            sources = [p["sources"][SOURCE] for _, p in answers if p]
            seen, lost = sum(s["observed_s"] for s in sources), sum(sum(s["abstained_s"].values()) for s in sources)
            reasons = collections.Counter()
            for s in sources:
                reasons.update(s["abstained_s"])
            result[name][label] = dict(n=n, silent=n - sum(s["windows"] > 0 for s in sources), abstained_share=lost / max(seen + lost, 1e-9), abstained_s={r: round(s, 1) for r, s in reasons.most_common()},
                                       mean_llr=float(np.mean([s["llr"] for s in sources if s["llr"] is not None])), **{v: dict(count=c, share=c / n, interval_95=exact(c, n)) for v, c in counted.items()})
    result["clips"]["order"] = order(judged)
    (a.work / "eval" / "scan.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
