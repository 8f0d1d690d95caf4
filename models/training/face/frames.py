#!/usr/bin/env python3
"""Faces out of clips and long recordings, five a second, as they are and through a call's video line.

usage: frames.py WORK --yunet GRAPH [--versions plain,line] [--part I/N]
Writes WORK/frames/ID-VERSION.npz: `crops` (the contract's, of every frame with a face), `regions` (wider, for training; every third), and `facts` (JSON, one a crop).
Versions: plain; line: H.264 or VP8 at 300-800 kbit/s, at most 640 px; dark: a third of the light, noise, H.264; small: at most 320 px, H.264 at 250 kbit/s (both for every other clip). Both of a swap pair get one line.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import subprocess
import tempfile

import cv2
import numpy as np

import eyes
import geometry

EVERY_S, LONGEST_S = 0.2, 60.0
REGION, WIDE = 416, 5.4  # pixels at most, side in units of d: what crops are trained from must hold more than they do, or they are softer than those of a call
LINE_SEED = 4
SELDOM = ("dark", "small")  # only measured, on every other clip
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "120", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "120", "-pix_fmt", "yuv420p"]


def rng_of(row, salt):
    key = row["pair"] or row["id"]
    return np.random.default_rng(int(hashlib.sha256(f"{key} {salt} {LINE_SEED}".encode()).hexdigest()[:12], 16))


def line(row, version):
    """ffmpeg's options of a version"""
    rng = rng_of(row, version)
    fit = "scale='if(gt(iw,ih),min({0},iw),-2)':'if(gt(iw,ih),-2,min({0},ih))',scale='trunc(iw/2)*2':'trunc(ih/2)*2'".format
    if version == "line":
        return ["-vf", fit(640), *(H264 if rng.random() < 0.5 else VP8), "-b:v", f"{rng.integers(300, 801)}k"]
    if version == "dark":
        return ["-vf", f"{fit(640)},eq=brightness=-0.12:contrast=0.55:gamma=0.75,noise=alls={rng.integers(6, 15)}:allf=t", *H264, "-b:v", "500k"]
    if version == "small":
        return ["-vf", fit(320), *H264, "-b:v", "250k"]
    raise ValueError(f"version {version!r}: plain, line, dark or small")


def pictures(path, longest_s):
    """(seconds, BGR picture) on the grid"""
    video = cv2.VideoCapture(str(path))
    fps = video.get(cv2.CAP_PROP_FPS) or 25.0
    due = index = 0
    while index / fps < longest_s and video.grab():
        if index / fps >= due * EVERY_S - 1e-6:
            ok, picture = video.retrieve()
            if ok:
                yield due * EVERY_S, picture
            due = int(index / fps / EVERY_S) + 1
        index += 1
    video.release()


def sharpness(crop):
    """As the program's: ln of the variance of the Laplacian of the crop's luma."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], np.float32)
    return float(np.log(max(cv2.filter2D(grey, cv2.CV_32F, kernel)[1:-1, 1:-1].var(), 0.01)))


def block_grid(grey, x, y):
    """How much steps across an 8-pixel grid (of the frame, whose corner lies at -x, -y) exceed other steps."""
    found = []
    for axis, start in ((1, x), (0, y)):
        step = np.abs(np.diff(grey.astype(np.float32), axis=axis)).mean(1 - axis)
        on = (np.arange(len(step)) + start + 1) % 8 == 0
        found.append(step[on].mean() / (step[~on].mean() + 1e-3) if on.any() and (~on).any() else 1.0)
    return float(np.mean(found))


def facts(picture, face, crop):
    x, y = max(int(face[0]), 0), max(int(face[1]), 0)
    box = picture[y : int(face[1] + face[3]) + 1, x : int(face[0] + face[2]) + 1]
    grey, small = cv2.cvtColor(box, cv2.COLOR_BGR2GRAY), cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    hsv = cv2.cvtColor(crop[40:120, 40:120], cv2.COLOR_BGR2HSV)
    high, wide = picture.shape[:2]
    inner = small[40:120, 40:120].astype(np.float32)
    return dict(face_px=float(face[2] + face[3]) / 2, frame_w=wide, frame_h=high, sharp_native=float(np.log(cv2.Laplacian(grey, cv2.CV_32F).var() + 1)), sharp_crop=float(np.log(cv2.Laplacian(inner, cv2.CV_32F).var() + 1)),
                light=float(inner.mean()), contrast=float(inner.std()), saturation=float(hsv[..., 1].mean()), hue=float(hsv[..., 0].mean()), grid=block_grid(grey, x, y),
                noise=float(np.median(np.abs(inner - cv2.medianBlur(inner, 3)))), black=float((small == 0).mean()), sure=float(face[14]), place_x=float((face[0] + face[2] / 2) / wide), place_y=float((face[1] + face[3] / 2) / high))


def take(row, path, sight):
    crops, regions, known, last, size = [], [], [], None, None
    for number, (seconds, picture) in enumerate(pictures(path, min(float(row["seconds"]) + 0.2, LONGEST_S))):
        face = eyes.follow(sight.faces(picture), last)
        last = face
        if face is None or face[2] * face[3] <= 0:
            continue
        landmarks = face[4:14]
        crop, _ = geometry.crop(picture, landmarks)
        entry = dict(seconds=seconds, region=-1, landmarks=[], **facts(picture, face, crop))
        if row["kind"] == "clip" and number % 3 == 0:
            x, y, d, roll = geometry.pose(landmarks)
            size = size or int(min(REGION, max(64, np.ceil(WIDE * d))))
            region, matrix = geometry.square(picture, (x, y), WIDE * d, roll, size)
            entry.update(region=len(regions), landmarks=geometry.moved(landmarks, matrix).ravel().round(2).tolist())
            regions.append(region[..., ::-1])
        crops.append(crop[..., ::-1])
        known.append(entry)
    empty = np.zeros((0, geometry.SIZE, geometry.SIZE, 3), np.uint8)
    return dict(crops=np.stack(crops) if crops else empty, regions=np.stack(regions) if regions else empty, facts=json.dumps(known))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--yunet", required=True)
    ap.add_argument("--versions", default="plain,line")
    ap.add_argument("--part", default="0/1")
    a = ap.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, a.part.split("/"))
    out = a.work / "frames"
    out.mkdir(parents=True, exist_ok=True)
    rows = [r for r in csv.DictReader(open(a.work / "pictures.csv")) if r["kind"] in ("clip", "talk")]
    sight, done = eyes.Eyes(a.yunet), 0
    for row in rows[part::parts]:
        for version in a.versions.split(","):
            path = out / f"{row['id']}-{version}.npz"
            if path.is_file() or (version in SELDOM and rng_of(row, "seldom").random() < 0.5):
                continue
            with tempfile.NamedTemporaryFile(suffix=".mkv") as coded:
                source = row["path"]
                if version != "plain":
                    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", row["path"], "-t", str(LONGEST_S), "-an", *line(row, version), "-threads", "1", coded.name]
                    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
                    source = coded.name
                taken = take(row, source, sight)
            part_file = path.with_suffix(".part.npz")
            np.savez(part_file, **taken)
            part_file.replace(path)
            done += 1
            if done % 40 == 0:
                print(part, done, flush=True)
    print(part, "done", done)


if __name__ == "__main__":
    main()
