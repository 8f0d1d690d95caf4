#!/usr/bin/env python3
"""Writes models/cards/face-detector.md: the words of face-detector.md.in beside this script, the figures of face_detector.py and, where there are any, of face_seats.py.

usage: face_detector_card.py WORK [COMMIT]      (COMMIT: of the recipe that trained it; default: the last that touched models/training/face_detector)
"""

import csv
import json
import pathlib
import string
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parent
VERSION = "0.3.0"
OURS = "face-detector"


def percent(x):
    return f"{100 * x:.1f} %"


def share(t):
    low, high = t["recall_95"]
    return f"{percent(t['recall'])} [{percent(low)}, {percent(high)}]"


def rate(t):
    low, high = t["rate_95"]
    return f"{t['rate']:.2f} [{low:.2f}, {high:.2f}] ({t['boxes']} of {t['of']})"


def talk(t):
    low, high = t["rate_95"]
    return f"{t['rate']:.1f} [{low:.1f}, {high:.1f}] ({t['boxes']} in {t['of']:.1f} min)"


def landmarks(t):
    return percent(t["landmarks"]) if "landmarks" in t else "-"


def found(models):
    rows = ["| shown, faces ≥ 40 px (*shrunk*: ≥ 16 px) | faces / people | recall | landmark error, mean / 95th percentile | recall of YuNet-s | its landmark error |", "| --- | --- | --- | --- | --- | --- |"]
    for name, t in models[OURS]["conditions"].items():
        other = models["YuNet-s"]["conditions"][name]
        rows.append(f"| {name} | {t['faces']} / {t['people']} | {share(t)} | {percent(t['landmarks'])} / {percent(t['landmarks_95th'])} | {share(other)} | {percent(other['landmarks'])} |")
    return "\n".join(rows)


def sides(models):
    rows = ["| side of the face, px | faces / people | recall | landmark error | recall of YuNet-s |", "| --- | --- | --- | --- | --- |"]
    for name, t in models[OURS]["sides"].items():
        other = models["YuNet-s"]["sides"].get(name)
        rows.append(f"| {name} | {t['faces']} / {t['people']} | {share(t)} | {percent(t['landmarks'])} | {share(other) if other else '-'} |")
    return "\n".join(rows)


def hard(models):
    rows = ["| made harder | faces / people | recall | landmark error | recall of YuNet-s | its landmark error | recall of YuNet-n |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, t in models[OURS]["hard"].items():
        small, normal = (models[m]["hard"][name] for m in ("YuNet-s", "YuNet-n"))
        rows.append(f"| {name} | {t['faces']} / {t['people']} | {share(t)} | {landmarks(t)} | {share(small)} | {landmarks(small)} | {share(normal)} |")
    return "\n".join(rows)


def false_boxes(models):
    rows = [
        "| detector | threshold (chosen on val) | false boxes per 100 photographs without faces | per 100 windows of them | per 100 frames of clips | per 10 minutes of recordings |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, t in models.items():
        rows.append(f"| {name} | {t['threshold']:.2f} | {rate(t['empty']['whole'])} | {rate(t['empty']['windows'])} | {rate(t['spare'])} | {talk(t['talk']) if 'talk' in t else '-'} |")
    return "\n".join(rows)


def seats(path):
    if not path.is_file():
        return "Not measured."
    rows = ["| shown | pictures | kept | with fewer seats | with more | with one begun anew |", "| --- | --- | --- | --- | --- | --- |"]
    for name, t in json.loads(path.read_text()).items():
        low, high = t["kept_95"]
        why = f" ({', '.join(t['reasons'])})" if t["anew"] else ""
        rows.append(f"| {name} | {t['pictures']} of {t['persons']} people | {percent(t['kept'] / t['pictures'])} [{percent(low)}, {percent(high)}] | {t['fewer']} | {t['more']} | {t['anew']}{why} |")
    return "\n".join(rows)


def cost(models):
    rows = ["| detector | parameters | ms of processor time |", "| --- | --- | --- |"]
    for name, t in models.items():
        rows.append(f"| {name} | {t['parameters']} | {t['processor_ms']:.1f} |")
    return "\n".join(rows)


def counts():
    rows = list(csv.DictReader(open(MODELS / "cards" / "face-detector-data.csv")))
    out = {}
    for role in ("train", "val", "test"):
        here = [r for r in rows if r["role"] == role]
        out[f"{role}_people"] = len({r["person"] for r in here} - {""})
        out[f"{role}_clips"] = sum(r["origin"].endswith(".mp4") for r in here)
        out[f"{role}_faces"] = sum(r["origin"].startswith("faces/") for r in here)
        out[f"{role}_empty"] = sum(r["origin"].startswith("negatives/") for r in here)
    return out


def main():
    work = pathlib.Path(sys.argv[1])
    report = json.loads((work / "eval" / "face-detector.json").read_text())
    models, ours = report["models"], report["models"][OURS]
    steps = (work / "runs" / "final" / "log.csv").read_text().split()[-1].split(",")[0]
    commit = sys.argv[2] if len(sys.argv) > 2 else subprocess.run(["git", "-C", MODELS, "log", "-1", "--format=%h", "--", "training/face_detector"], check=True, capture_output=True, text=True).stdout.strip()
    words = string.Template((HERE / "face-detector.md.in").read_text())
    (MODELS / "cards" / "face-detector.md").write_text(words.substitute(
        version=VERSION, sha256=report["sha256"], threshold=f"{ours['threshold']:.2f}", recall=share(ours["conditions"]["clips"]), landmarks=percent(ours["conditions"]["clips"]["landmarks"]), false=rate(ours["empty"]["whole"]),
        parameters=ours["parameters"], size=f"{report['bytes'] / 1e6:.1f}", ms=f"{ours['processor_ms']:.1f}", onnxruntime=report["onnxruntime"], steps=steps, commit=commit,
        found=found(models), sides=sides(models), hard=hard(models), false_boxes=false_boxes(models), cost=cost(models), seats=seats(work / "eval" / "face-seats.json"), **counts()))
    print(f"card of {report['sha256'][:12]} written")


if __name__ == "__main__":
    main()
