#!/usr/bin/env python3
"""What is measured: genuine clips and recordings, and simulated presentations of the clips, each through one line, as crops.

usage: shots.py WORK --face FACE --yunet GRAPH --walls FOLDER [--part I/N]
Of every clip: genuine as it is (`plain`), through a call's codec (`line`), darkened (`dark`), at 320 pixels (`small`; each of every other clip), and after what people meet before a camera (`life`: screens and frames behind them,
mirrors in glasses, flicker, made-up backgrounds, bars); and presented, as both species that its fold's network never met and one that it did, half of them modelled as no network was trained on (captures.py's `other`).
Pictures lie 0.4 s apart, the first 2.4 s of a clip and 24 s of a recording; all but `plain` pass H.264 or VP8 at a call's rate. Writes WORK/shots/ID-VERSION.npz: `crops`, what the published baseline asks for (`baseline27`, `baseline40`) and `facts`.
"""

import argparse
import csv
import hashlib
import json
import pathlib

import cv2
import numpy as np

import captures
import surroundings
from replayfit import UNSEEN, facefolds
from replaynet import FACTOR, SIZE
from surroundings import eyes, frames, geometry

STEP_S, FRAME = 0.4, 480
LONGEST_S = {"clip": 2.4, "talk": 24.0}
BASELINE = {"baseline27": 2.7, "baseline40": 4.0}


def rng_of(row, version):
    return np.random.default_rng(int(hashlib.sha256(f"{row['id']} {version} shots".encode()).hexdigest()[:12], 16))


def looks(row):
    """(seconds, RGB picture) every STEP_S"""
    for number, (at, picture) in enumerate(frames.pictures(row["path"], min(float(row["seconds"]), LONGEST_S[row["kind"]]))):
        if number % 2 == 0:
            yield at, surroundings.small(picture, FRAME)[..., ::-1]


def baseline(picture, face, factor):
    """The published crop rule: the box enlarged around its middle, less where the picture ends, moved inside, resized."""
    high, wide = picture.shape[:2]
    x, y, w, h = (float(v) for v in face[:4])
    scale = min((high - 1) / h, (wide - 1) / w, factor)
    w2, h2, cx, cy = w * scale, h * scale, x + w / 2, y + h / 2
    left, top = min(max(0.0, cx - w2 / 2), wide - 1 - w2), min(max(0.0, cy - h2 / 2), high - 1 - h2)
    part = picture[int(top) : int(top + h2) + 1, int(left) : int(left + w2) + 1]
    return cv2.resize(part, (80, 80))


def versions(row, fold):
    if row["kind"] == "talk":
        return ["plain", "line"]
    number = int(row["id"][:6], 16)
    met = [s for s in captures.SPECIES if s not in UNSEEN[fold]]
    near, far = UNSEEN[fold]
    ways = ("", "+other") if number % 2 else ("+other", "")
    return ["plain", "line", ("dark", "small")[number % 2], "life", near + ways[0], far + ways[1], met[number // 2 % 4] + ways[number // 8 % 2]]


def shown(pictures, points, species, other, rng, walls):
    """The pictures as a screen or print shows them to a camera"""
    capture, camera, behind = captures.Capture(species, rng, other), captures.Camera(rng, other), surroundings.wall(walls, rng)
    camera.fine = min(camera.fine, 1.4)
    high, wide = pictures[0].shape[:2]
    d_src = float(np.median([geometry.pose(p)[2] for p in points]))
    d = max(16.0, d_src * captures.within(rng, 0.5, 1.15))  # as near as people sit
    size = (FRAME, FRAME * 3 // 4) if rng.random() < 0.7 else (FRAME * 3 // 4, FRAME)
    x, y = geometry.pose(points[0])[:2]
    middle = np.array(size) * rng.uniform((0.42, 0.4), (0.58, 0.6))
    scale = d / d_src
    if species == "monitor" and rng.random() < 0.5:  # fills the view
        scale = 1.12 * max(size[0] / wide, size[1] / high)
        d = scale * d_src
        middle = np.array([x, y]) * scale - rng.uniform(0.05, 0.95, 2) * (np.array([wide, high]) * scale - size)
    place = np.array([[scale, 0, middle[0] - scale * x], [0, scale, middle[1] - scale * y], [0, 0, 1]])
    aim, out = surroundings.mean_light(pictures[0], points[0]), []
    still = species not in captures.SCREENS  # a print shows one picture
    for n in range(len(pictures)):
        source, at = (0 if still else n), STEP_S * n
        light, _ = capture.light(pictures[source], place, d, middle, size, camera, behind, (0, 0, wide, high), surroundings.person((high, wide), points[source]), at)
        out.append(camera.shoot(light, size, (*middle, 1.2 * d), aim, at))
    return out


def lived(pictures, points, rng, walls):
    life, camera, behind = captures.Life(rng, 1.5), captures.Camera(rng), surroundings.wall(walls, rng)
    camera.fine = 1.0
    size = pictures[0].shape[1::-1]
    out = []
    for n, (picture, p) in enumerate(zip(pictures, points)):
        x, y, d, _ = geometry.pose(p)
        light = life.light(picture, p, camera, size, behind, surroundings.person(picture.shape, p), STEP_S * n)
        out.append(camera.shoot(light, size, (x, y, 1.2 * d), surroundings.mean_light(pictures[0], points[0]), STEP_S * n))
    return out


def followed(pictures, sight):
    """Landmarks in each; where no face is found, those of before"""
    last, out = None, []
    for picture in pictures:
        face = eyes.follow(sight.faces(picture[..., ::-1]), last)
        last = face if face is not None else last
        out.append(None if last is None else last[4:14])
    first = next((p for p in out if p is not None), None)
    return None if first is None else [first if p is None else p for p in out]


def made(row, version, pictures, points, walls):
    rng = rng_of(row, version)
    if version == "plain":
        return pictures
    if version == "dark":
        pictures = [np.clip(255 * (0.4 * (p / 255.0) ** 1.3) + rng.normal(0, rng.uniform(4, 9), p.shape), 0, 255).astype(np.uint8) for p in pictures]
    elif version == "small":
        pictures = [surroundings.small(p, 320) for p in pictures]
    elif version == "life":
        pictures = lived(pictures, points, rng, walls)
    elif version != "line":
        pictures = shown(pictures, points, version.split("+")[0], version.endswith("+other"), rng, walls)
    high, wide = pictures[0].shape[:2]
    return surroundings.coded(pictures, surroundings.codec(rng, high * wide))


def seen(pictures, times, sight):
    out, known, last = {"crops": [], **{name: [] for name in BASELINE}}, [], None
    for at, rgb in zip(times, pictures):
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        last = face = eyes.follow(sight.faces(bgr), last)
        if face is None or face[2] * face[3] <= 0:
            continue
        tight, _ = geometry.crop(bgr, face[4:14])
        wide, _ = geometry.crop(bgr, face[4:14], FACTOR, size=SIZE)
        out["crops"].append(wide[..., ::-1])
        for name, factor in BASELINE.items():
            out[name].append(baseline(bgr, face, factor))
        known.append(dict(seconds=at, sharpness=frames.sharpness(np.ascontiguousarray(tight[..., ::-1])), **frames.facts(bgr, face, tight)))
    return dict(facts=json.dumps(known), looks=len(times), **{k: np.stack(v) if v else np.zeros((0, 1, 1, 3), np.uint8) for k, v in out.items()})


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--yunet", required=True)
    ap.add_argument("--walls", type=pathlib.Path, required=True)
    ap.add_argument("--part", default="0/1")
    a = ap.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, a.part.split("/"))
    folds, out, sight, walls = facefolds.table(), a.work / "shots", eyes.Eyes(a.yunet), surroundings.walls_of(a.walls, measured=True)
    out.mkdir(parents=True, exist_ok=True)
    rows = [r for r in csv.DictReader(open(a.face / "pictures.csv")) if r["label"] == "real" and r["kind"] in ("clip", "talk") and facefolds.fold_of(r, folds) is not None]
    for row in rows[part::parts]:
        missing = [v for v in versions(row, facefolds.fold_of(row, folds)) if not (out / f"{row['id']}-{v}.npz").is_file()]
        if not missing:
            continue
        times, pictures = zip(*looks(row))
        pictures = [surroundings.even(p) for p in pictures]
        points = followed(pictures, sight)
        if points is None:
            print(f"no face in {row['path']}", flush=True)
            continue
        for version in missing:
            path = out / f"{row['id']}-{version}.npz"
            taken = seen(made(row, version, pictures, points, walls), times, sight)
            whole = path.with_suffix(".part.npz")
            np.savez(whole, **taken)
            whole.replace(path)
    print(part, "done")


if __name__ == "__main__":
    main()
