#!/usr/bin/env python3
"""What the program itself decides on unseen people and systems: `callguard scan` over each fold's files with that fold's network, calibrated on the other folds.

usage: scan.py WORK CALLGUARD [--kind talk|clip|short] [--most N]
Needs score.py's and measure.py's output. Prints, per class, how many files came out as which verdict, with exact 95 % intervals, and the median second of the alert; writes WORK/eval/scan-KIND.json.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import numpy as np

import calibrate
import manifest
import measure
import ship


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("program")
    ap.add_argument("--kind", default="talk")
    ap.add_argument("--most", type=int, default=10_000, help="files of a fold, at most")
    a = ap.parse_args()
    report = json.loads((a.work / "eval" / "report.json").read_text())
    rows, windows, _ = measure.load(a.work, report["folds"])
    fitted = [w for ws in windows.values() for w in ws if w["kind"] in ("clip", "short")]
    verdicts, alerts = collections.defaultdict(collections.Counter), collections.defaultdict(list)
    for k in report["folds"]:
        models = a.work / "eval" / f"models-fold{k}"
        (models / "cards").mkdir(parents=True, exist_ok=True)
        shutil.copy(a.work / "runs" / f"fold{k}" / "voice-clone.onnx", models)
        (models / "cards" / "voice-clone.md").write_text(f"The network of fold {k}.\n")
        sha256 = hashlib.sha256((models / "voice-clone.onnx").read_bytes()).hexdigest()
        (models / "manifest.toml").write_text(manifest.HEADER + "\n" + ship.entry(sha256, calibrate.fit([w for w in fitted if int(w["fold"]) != k]), report["law"]))
        # Both labels and all conditions, whatever the order of the list.
        files = sorted((r["path"] for r in rows.values() if int(r["fold"]) == k and r["kind"] == a.kind), key=lambda p: hashlib.md5("/".join(p.split("/")[-2:]).encode()).digest())[: a.most]
        for at in range(0, len(files), 200):  # a command line holds only so many
            out = subprocess.run([a.program, "scan", "--format", "jsonl", *files[at : at + 200]], capture_output=True, text=True, env={**os.environ, "CALLGUARD_MODELS": str(models)}).stdout
            for line in out.splitlines():
                found = json.loads(line)
                label = rows[found["input"]]["label"]
                verdicts[label][found["verdict"] if found["status"] != "error" else "error"] += 1
                alerts[label] += [x["raised_s"] for x in found["alerts"][:1]]
    out = {}
    for label, counted in verdicts.items():
        n = sum(counted.values())
        out[label] = dict(n=n, **{v: dict(count=c, share=c / n, interval_95=measure.exact(c, n)) for v, c in counted.items()}, median_alert_s=float(np.median(alerts[label])) if alerts[label] else None)
    (a.work / "eval" / f"scan-{a.kind}.json").write_text(json.dumps(out, indent=1))
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
