#!/usr/bin/env python3
"""The same windows as face_score.py's, but seen by the program's own eyes: its detector, tracks, gate and crops, with each fold's network.

usage: face_eyes.py WORK FACE_WINDOWS [--detector GRAPH] [--versions plain,line]
FACE_WINDOWS is the example of crates/callguard-vision. Coded versions are written again by ffmpeg, as frames.py did. Of several people in a clip the one with most windows counts. Writes WORK/eval/windows-eyes.jsonl
(for face_measure.py --windows) and WORK/eval/eyes.json: how long was seen and abstained from, by reason.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import tempfile

from face_score import facefolds
import frames


def coded(row, version, folder):
    out = pathlib.Path(folder) / f"{row['id']}.mkv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", row["path"], "-t", str(frames.LONGEST_S), "-an", *frames.line(row, version), "-threads", "1", out], check=True, stderr=subprocess.DEVNULL)
    return str(out)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("program")
    ap.add_argument("--detector", default="face-detector")
    ap.add_argument("--versions", default="plain,line")
    a = ap.parse_args()
    rows, folds = list(csv.DictReader(open(a.work / "pictures.csv"))), facefolds.table()
    abstained, seen = collections.defaultdict(collections.Counter), collections.Counter()
    with open(a.work / "eval" / "windows-eyes.jsonl", "w") as out:
        for k in range(facefolds.FOLDS):
            graph = a.work / "runs" / f"fold{k}" / "face-forgery.onnx"
            for version in a.versions.split(","):
                with tempfile.TemporaryDirectory() as folder:
                    inputs = {(r["path"] if version == "plain" else coded(r, version, folder)): r for r in facefolds.tested(rows, k, folds)}
                    listed = pathlib.Path(folder) / "list.txt"
                    listed.write_text("\n".join(inputs))
                    said = subprocess.run([a.program, "--detector", a.detector, "--forgery", graph, "--list", listed], capture_output=True, text=True, check=True).stdout
                seats = collections.defaultdict(lambda: collections.defaultdict(list))
                for line in map(json.loads, said.splitlines()):
                    if line.get("source") == "face-forgery":
                        seats[line["input"]][line["seat"]].append(line)
                for path, row in inputs.items():
                    lines = max(seats[path].values(), key=lambda ls: sum("score" in l for l in ls), default=[])
                    of = dict(path=f"{row['id']}-{version}", id=row["id"], version=version, kind=row["kind"], label=row["label"], system=row["system"], person=row["person"] or row["id"], pair=row["pair"], source=row["source"], fold=k, met=facefolds.shared_system(row, folds))
                    scored = [l for l in lines if l.get("score") is not None and l["to_s"] <= frames.LONGEST_S]
                    for l in lines:
                        if "abstain" in l:
                            abstained[row["label"]][l["abstain"]] += l["to_s"] - l["from_s"]
                    seen[row["label"]] += sum(l["fresh_s"] for l in scored)
                    seen[f"{row['label']} clips"] += 1
                    seen[f"{row['label']} clips without a window"] += not scored
                    for l in scored:
                        out.write(json.dumps({**of, "to_s": l["to_s"], "logit": l["score"], "face_px": l["face_px"], "sharpness": l["sharpness"], "light": l["luma"]}) + "\n")
    report = dict(seen_s=dict(seen), abstained_s={label: {why: round(s, 1) for why, s in c.most_common()} for label, c in abstained.items()})
    (a.work / "eval" / "eyes.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
