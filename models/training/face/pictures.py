#!/usr/bin/env python3
"""Lists every clip, long recording and still with its source, system, person, origin and hash.

usage: pictures.py DATA WORK [--talks FOLDER]
FOLDER is where originals.py put what more.csv names: genuine people for minutes at a time, never trained on. Writes WORK/pictures.csv.
"""

import argparse
import csv
import hashlib
import pathlib
import re

FIELDS = ["id", "path", "kind", "label", "system", "person", "pair", "source", "origin", "license", "sha256", "seconds", "width", "height", "has_audio"]
# The demo's faces (scripts/demo/pictures.txt): in no list of training, calibration or measuring.
DEMO = re.compile(r"astronaut|eileen.?collins|carphone|wolfgang.?langer|pexels_a\b", re.IGNORECASE)
NO_PERSON = {"", "gen", "edtalk"}  # what stands for no one in particular


def row(path, kind, label, system, person, pair, source, origin, licence, seconds="", width="", height="", audio=""):
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    name = hashlib.sha256(f"{source} {origin}".encode()).hexdigest()[:12]
    return dict(zip(FIELDS, [name, str(path), kind, label, system, "" if person in NO_PERSON else person, pair, source, origin, licence, digest, seconds, width, height, audio]))


def clips(data):
    for r in csv.DictReader(open(data / "clips.csv")):
        if r["kind"] == "video" and r["label"] in ("real", "fake"):
            yield row(data / r["path"], "clip", r["label"], r["system"] if r["label"] == "fake" else "", r["person"], r["pair"], r["source_repo"], f"{r['source_repo']} {r['path']}", r["license"],
                      r["seconds"], r["width"], r["height"], r["has_audio"])


def talks(folder):
    for r in csv.DictReader(open(folder / "manifest.csv")):
        if r["kind"] == "video" and r["label"] == "real" and not DEMO.search(f"{r['speaker']} {r['source_path']}"):
            yield row(folder / r["path"], "talk", "real", "", r["speaker"], "", r["source_repo"], f"{r['source_repo']} {r['source_path']}", r["license"], r["seconds"])


def stills(data):
    """Frames of clips are left out: the clips themselves are used."""
    for r in csv.DictReader(open(data / "faces" / "faces.csv")):
        if r["color"] == "1" and not r["path"].startswith("clips/"):
            kind = "still" if r["split"] == "train" else "still-kept"
            yield row(data / "faces" / r["path"], kind, "real", "", r["person"], "", r["source_repo"], f"{r['source_repo']} {r['path']}", "research terms or none stated")


def save(rows, path):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(rows)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--talks", type=pathlib.Path)
    a = ap.parse_args()
    rows = [*clips(a.data), *(talks(a.talks) if a.talks else []), *stills(a.data)]
    rows = [r for r in rows if not DEMO.search(f"{r['person']} {r['origin']}")]
    save(rows, a.work / "pictures.csv")
    print(len(rows), "pictures and recordings")


if __name__ == "__main__":
    main()
