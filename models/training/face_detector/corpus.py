#!/usr/bin/env python3
"""Lists every file the detector is trained or measured on, with its role, and takes the frames out of the clips.

usage: corpus.py DATA WORK LIST
Writes LIST (models/cards/face-detector-data.csv: one row a file) and WORK/frames/ (to train on: JPEG, light to carry to another machine; else PNG).
Where LIST exists already, its roles stand: a split is drawn once.
"""

import argparse
import csv
import hashlib
import pathlib
import subprocess

import cv2
import numpy as np

import people

FRAMES = dict(train=5, val=6, test=6)
QUALITY = 92  # of the JPEGs
LONGEST = 480  # px; YuNet and the detector see 320


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows(data):
    """(path, origin source, role, person) of all there is."""
    for r in csv.DictReader(open(data / "clips.csv")):
        yield r["path"], r["source_repo"], *people.of_clip(r)
    for r in csv.DictReader(open(data / "faces" / "faces.csv")):
        known = people.of_face(r)
        if known:
            yield f"faces/{r['path']}", r["source_repo"], *known
    for path in sorted((data / "negatives").glob("*.jpg")):
        yield f"negatives/{path.name}", "ImageNet sample pictures", *people.of_negative(path.name)


def listed(data, out):
    if out.is_file():
        return list(csv.DictReader(open(out)))
    found = [
        dict(origin=path, sha256=sha256(data / path), role=role, person=person, source=source)
        for path, source, role, person in rows(data)
    ]
    with open(out, "w", newline="") as f:
        w = csv.DictWriter(f, found[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(found)
    return found


def frames(path, count):
    """`count` frames spread over a clip, RGB, longest side at most LONGEST."""
    scale = f"scale='min({LONGEST},iw)':'min({LONGEST},ih)':force_original_aspect_ratio=decrease:flags=area"
    probe = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "format=duration", "-of", "csv=p=0", path], check=True, capture_output=True, text=True)
    rate = count / max(0.1, float(probe.stdout))
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", path, "-vf", f"fps={rate:.4f},{scale}", "-frames:v", str(count), "-f", "image2pipe", "-c:v", "bmp", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    at = 0
    while at < len(raw):
        size = int.from_bytes(raw[at + 2 : at + 6], "little")
        yield cv2.imdecode(np.frombuffer(raw, np.uint8, size, at), cv2.IMREAD_COLOR)
        at += size


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("list", type=pathlib.Path)
    a = ap.parse_args()
    out = a.work / "frames"
    out.mkdir(parents=True, exist_ok=True)
    found = listed(a.data, a.list)
    for r in found:
        if r["origin"].endswith(".mp4"):
            for i, frame in enumerate(frames(a.data / r["origin"], FRAMES[r["role"]])):
                ending, how = ("jpg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY]) if r["role"] == "train" else ("png", [])
                cv2.imwrite(str(out / f"{pathlib.Path(r['origin']).stem}-{i}.{ending}"), frame, how)
    for role in FRAMES:
        here = [r for r in found if r["role"] == role]
        print(f"{role}: {len(here)} files, {len({r['person'] for r in here} - {''})} named people, {sum(r['origin'].startswith('negatives/') for r in here)} photographs without faces")


if __name__ == "__main__":
    main()
