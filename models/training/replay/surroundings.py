#!/usr/bin/env python3
"""Genuine faces with their surroundings, and pairs of them with simulated captures, for training.

usage: surroundings.py WORK --face FACE --yunet GRAPH --walls FOLDER [--pairs N] [--part I/N]
FACE is where face/pictures.py put its list; FOLDER holds photographs without people (what lies behind). Writes WORK/scenes/ID-VERSION.npz (a face and what lies around it, every 0.6 s of a clip, as it is and through a call's
video line) and WORK/bank/NUMBER.npz: `genuine` and `capture` (RGB, one camera), landmarks in both, and of what species and row. Both of a pair pass the same line; a pair belongs to its row's source and person.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np

import captures

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "face"))
import copies
import eyes
import frames
import geometry

FRAME, REGION, WIDE, EVERY = 640, 320, 4.7, 3  # pixels at most, pixels at most, reach in d, looks
STILLS = 0.2  # share of pairs that are made of a still
CODED = 0.2  # share of pairs that pass a codec
MOST = 24.0  # d in pixels of what is kept: half as much again as the network's
RATE = 5  # pictures a second


def small(picture, most=FRAME):
    scale = most / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def even(picture):
    return np.ascontiguousarray(picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2])


def coded(pictures, options):
    """RGB pictures through a codec, RATE of them a second"""
    pictures = [even(p) for p in pictures]
    high, wide = pictures[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}"]
    quiet = ["ffmpeg", "-v", "error", "-y", "-threads", "1"]
    with tempfile.NamedTemporaryFile(suffix=".mkv") as between:
        subprocess.run([*quiet, *raw, "-r", str(RATE), "-i", "-", *options, "-threads", "1", between.name], input=b"".join(p.tobytes() for p in pictures), check=True, stderr=subprocess.DEVNULL)
        out = subprocess.run([*quiet, "-i", between.name, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return list(np.frombuffer(out, np.uint8).reshape(-1, high, wide, 3))


def codec(rng, pixels):
    """ffmpeg's options: what a call at 300 to 800 kbit/s spends on 10 of its 30 pictures a second, spent on RATE of that many pixels: those further apart differ more"""
    kbit = rng.uniform(300, 800) / 3 * min(1.0, pixels / (640 * 360)) ** 0.75
    return [*(frames.H264 if rng.random() < 0.5 else frames.VP8), "-b:v", f"{max(30, int(kbit))}k"]


def around(picture, landmarks):
    """(what lies within WIDE d of the face, landmarks in it)"""
    x, y, d, _ = geometry.pose(landmarks)
    left, top = max(0, int(x - WIDE * d)), max(0, int(y - WIDE * d))
    region = picture[top : int(y + WIDE * d) + 1, left : int(x + WIDE * d) + 1]
    scale = min(1.0, REGION / max(region.shape[:2]))
    points = np.asarray(landmarks, np.float64).reshape(5, 2) - [left, top]
    if scale < 1:
        region = cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        points = (points + 0.5) * scale - 0.5
    return np.ascontiguousarray(region), points.astype(np.float32)


def take(path, seconds, sight):
    """[(seconds, region RGB, landmarks)]"""
    last, out = None, []
    for number, (at, picture) in enumerate(frames.pictures(path, min(seconds + 0.2, frames.LONGEST_S))):
        if number % EVERY:
            continue
        picture = small(picture)
        last = face = eyes.follow(sight.faces(picture), last)
        if face is not None and face[2] * face[3] > 0:
            region, points = around(picture, face[4:14])
            out.append((at, region[..., ::-1], points))
    return out


def prepare(rows, out, yunet):
    sight = None
    for row in rows:
        for version in ("plain", "line"):
            path = out / f"{row['id']}-{version}.npz"
            if path.is_file():
                continue
            sight = sight or eyes.Eyes(yunet)
            with tempfile.NamedTemporaryFile(suffix=".mkv") as between:
                source = row["path"]
                if version == "line":
                    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", source, "-an", *frames.line(row, version), "-threads", "1", between.name], check=True, stderr=subprocess.DEVNULL)
                    source = between.name
                taken = take(source, float(row["seconds"]), sight)
            part = path.with_suffix(".part.npz")
            np.savez(part, at=[t for t, _, _ in taken], points=np.array([p for *_, p in taken]), **{f"r{n}": r for n, (_, r, _) in enumerate(taken)})
            part.replace(path)


class Scenes:
    """Genuine pictures with landmarks, and walls."""

    def __init__(self, work, rows, walls):
        self.clips, self.stills, index = [], [], {}
        for row in rows:
            if row["kind"] == "clip":
                of = [np.load(p) for p in sorted((work / "scenes").glob(f"{row['id']}-*.npz")) if not p.name.endswith(".part.npz")]
                of = [t for t in of if len(t["at"])]
                if of:
                    self.clips.append((row, of))
            else:
                root = pathlib.Path(row["path"]).parents[1]
                if root not in index:
                    index[root] = {f["path"]: f for f in csv.DictReader(open(root / "faces.csv"))}
                self.stills.append((row, copies.still_landmarks(index[root][str(pathlib.Path(row["path"]).relative_to(root))]).reshape(5, 2)))
        self.walls = walls_of(walls, measured=False)

    def draw(self, rng):
        """(row, pictures of successive looks, landmarks)"""
        if self.stills and rng.random() < STILLS:
            row, points = self.stills[int(rng.integers(len(self.stills)))]
            return row, [cv2.imread(row["path"])[..., ::-1]], points
        row, of = self.clips[int(rng.integers(len(self.clips)))]
        taken = of[int(rng.integers(len(of)))]
        n = int(rng.integers(len(taken["at"])))
        return row, [taken[f"r{n}"]], taken["points"][n]

    def wall(self, rng):
        return wall(self.walls, rng)


def walls_of(folder, measured):
    """Every third is kept for measuring."""
    return [p for n, p in enumerate(sorted(folder.glob("*"))) if (n % 3 == 0) == measured]


def wall(paths, rng):
    return small(cv2.imread(str(paths[int(rng.integers(len(paths)))]))[..., ::-1], 400)


def person(shape, landmarks):
    """Roughly where head and shoulders are, 0 to 255"""
    mask = np.zeros(shape[:2], np.uint8)
    x, y, d, roll = geometry.pose(landmarks)
    cv2.ellipse(mask, (int(x), int(y - 0.35 * d)), (int(1.45 * d), int(2.0 * d)), np.degrees(roll), 0, 360, 255, -1)
    cv2.ellipse(mask, (int(x), int(y + 4.2 * d)), (int(3.2 * d), int(2.6 * d)), 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.08 * d))


def mean_light(picture, landmarks):
    x, y, d, _ = geometry.pose(landmarks)
    part = picture[max(0, int(y - d)) : int(y + d) + 1, max(0, int(x - d)) : int(x + d) + 1]
    return float(captures.light_of(np.ascontiguousarray(part)).mean()) if part.size else 0.2


def kept(picture, points):
    *_, d, _ = geometry.pose(points)
    scale = min(1.0, MOST / d)
    if scale < 1:
        picture, points = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), (points + 0.5) * scale - 0.5
    return picture, np.asarray(points, np.float32)


def pair(scenes, rng, species, other=False):
    """(row, genuine, its landmarks, capture, its landmarks) before one camera, and through one codec or none"""
    row, (picture, *_), points = scenes.draw(rng)
    picture = np.ascontiguousarray(picture)
    x, y, d_src, _ = geometry.pose(points)
    camera = captures.Camera(rng, other)
    d = min(captures.within(rng, 14, 45), 1.7 * d_src)
    scale = d / d_src
    size = [int(round(n * scale)) for n in picture.shape[1::-1]]
    camera.fine = min(camera.fine, max(1.0, 420 / max(size)))
    place = np.diag([size[0] / picture.shape[1], size[1] / picture.shape[0], 1.0])
    middle, mask = (place @ [x, y, 1])[:2], person(picture.shape, points)
    aim, t, wall = mean_light(picture, points), rng.uniform(0, 20), scenes.wall(rng)
    shoot = lambda light, at: camera.shoot(light, tuple(size), (*at, 1.2 * d), aim, t)
    life, capture = captures.Life(rng), captures.Capture(species, rng, other)
    genuine = shoot(life.light(picture, points, camera, size, wall, mask, t), middle)
    # A screen shows what a camera saw, with all that it met; seldom the same as beside it.
    shown = picture if rng.random() < 0.7 else lived(picture, points, scenes.wall(rng), mask, rng)
    light, to = capture.light(shown, place, d, middle, size, camera, wall, (0, 0, picture.shape[1], picture.shape[0]), mask, t)
    there = cv2.perspectiveTransform(points[None].astype(np.float64), to)[0]
    taken = shoot(light, there.mean(0))
    here = points * [size[0] / picture.shape[1], size[1] / picture.shape[0]]
    if rng.random() < CODED:
        both = coded([np.hstack([even(genuine), even(taken)])], codec(rng, 2 * size[0] * size[1]))[0]
        genuine, taken = np.split(both, 2, axis=1)
    return row, *kept(genuine, here), *kept(taken, there)


def lived(picture, points, wall, mask, rng):
    camera = captures.Camera(rng)
    camera.fine = 1.0
    size = picture.shape[1::-1]
    x, y, d, _ = geometry.pose(points)
    return camera.shoot(captures.Life(rng).light(picture, points, camera, size, wall, mask), size, (x, y, 1.2 * d), mean_light(picture, points))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--yunet", required=True)
    ap.add_argument("--walls", type=pathlib.Path, required=True)
    ap.add_argument("--pairs", type=int, default=3000)
    ap.add_argument("--part", default="0/1")
    a = ap.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, a.part.split("/"))
    rows = [r for r in csv.DictReader(open(a.face / "pictures.csv")) if r["label"] == "real" and r["kind"] in ("clip", "still")]
    for name in ("scenes", "bank"):
        (a.work / name).mkdir(parents=True, exist_ok=True)
    prepare([r for r in rows if r["kind"] == "clip"][part::parts], a.work / "scenes", a.yunet)
    scenes, names = Scenes(a.work, rows, a.walls), list(captures.SPECIES)
    for n in range(part, a.pairs, parts):
        path = a.work / "bank" / f"{n:05}.npz"
        if path.is_file():
            continue
        species = names[n % len(names)]
        row, genuine, here, taken, there = pair(scenes, np.random.default_rng([7, n]), species)
        whole = path.with_suffix(".part.npz")
        np.savez(whole, genuine=genuine, capture=taken, here=here, there=there, about=json.dumps(dict(species=species, **{k: row[k] for k in ("id", "kind", "label", "system", "person", "source")})))
        whole.replace(path)
        if n % 400 == part:
            print(n, flush=True)


if __name__ == "__main__":
    main()
