#!/usr/bin/env python3
"""Genuine stills and frames of genuine clips, once more through a generator's decoder (an image autoencoder), for training.

usage: copies.py WORK --taef2 FOLDER [--stills N] [--per-clip N] [--part I/N]
Both of a pair are first brought to one of a few sizes, so that the decoder's traces come in several scales; half get noise on the latent. Writes WORK/copies/ID-N.npz:
`genuine` and `copy` (RGB) and `landmarks` in them. A copy belongs to its original's source and person.
"""

import argparse
import csv
import hashlib
import json
import pathlib

import cv2
import numpy as np

from eyes import session

SIDES = (400, 320, 256, 208, 176, 144, 112, 88)  # longest side, a multiple of eight
NOISE = (0.02, 0.15)


class Autoencoder:
    def __init__(self, folder):
        self.encoder, self.decoder = session(folder / "encoder.onnx"), session(folder / "decoder.onnx")

    def copy(self, picture, noise, rng):
        """RGB picture whose sides are multiples of eight"""
        x = picture.astype(np.float32).transpose(2, 0, 1)[None] / 255
        latent = self.encoder.run(None, {"image": x})[0]
        if noise:
            latent = latent + rng.normal(0, noise, latent.shape).astype(np.float32)
        out = self.decoder.run(None, {"latent": latent})[0][0].transpose(1, 2, 0)
        return np.clip(out * 255 + 0.5, 0, 255).astype(np.uint8)


def fitted(picture, landmarks, side):
    """Picture at a longest side of at most `side`, cut to multiples of eight"""
    high, wide = picture.shape[:2]
    scale = min(1.0, side / max(high, wide))
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        landmarks = (np.asarray(landmarks) + 0.5) * scale - 0.5
    high, wide = (n // 8 * 8 for n in picture.shape[:2])
    return np.ascontiguousarray(picture[:high, :wide]), np.asarray(landmarks, np.float32)


def still_landmarks(data_row):
    return np.array([float(data_row[k]) for k in ("re_x", "re_y", "le_x", "le_y", "nose_x", "nose_y", "rm_x", "rm_y", "lm_x", "lm_y")], np.float32)


def originals(work, stills, per_clip):
    """(name, RGB picture, landmarks, sides to choose from) in a fixed order: clips first"""
    rows = sorted(csv.DictReader(open(work / "pictures.csv")), key=lambda r: hashlib.md5(r["id"].encode()).digest())
    for r in rows:
        path = work / "frames" / f"{r['id']}-plain.npz"
        if r["kind"] == "clip" and r["label"] == "real" and path.is_file():
            taken = np.load(path)
            known = [f for f in json.loads(str(taken["facts"])) if f["region"] >= 0]
            for number, f in enumerate(known[:: max(1, len(known) // per_clip)][:per_clip]):
                yield f"{r['id']}-{number}", taken["regions"][f["region"]], np.array(f["landmarks"], np.float32)
    index = {}
    for r in rows:
        if r["kind"] == "still":
            path = pathlib.Path(r["path"])
            if path.parents[1] not in index:
                index[path.parents[1]] = {f["path"]: f for f in csv.DictReader(open(path.parents[1] / "faces.csv"))}
            points = still_landmarks(index[path.parents[1]][str(path.relative_to(path.parents[1]))])
            stills -= 1
            if stills < 0:
                return
            yield f"{r['id']}-0", cv2.imread(r["path"])[..., ::-1], points


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--taef2", type=pathlib.Path, required=True)
    ap.add_argument("--stills", type=int, default=500)
    ap.add_argument("--per-clip", type=int, default=4)
    ap.add_argument("--part", default="0/1")
    a = ap.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, a.part.split("/"))
    out, coder, made = a.work / "copies", Autoencoder(a.taef2), 0
    out.mkdir(exist_ok=True)
    for name, picture, landmarks in originals(a.work, a.stills, a.per_clip):
        path = out / f"{name}.npz"
        made += 1
        if path.is_file() or made % parts != part:
            continue
        rng = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))
        genuine, points = fitted(picture, landmarks, int(rng.choice(SIDES)))
        noise = rng.uniform(*NOISE) if rng.random() < 0.5 else 0.0
        copied = coder.copy(genuine, noise, rng)
        whole = path.with_suffix(".part.npz")
        np.savez(whole, genuine=genuine, copy=copied, landmarks=points)
        whole.replace(path)
        if made % 200 == 0:
            print(made, flush=True)
    print(made, "copies")


if __name__ == "__main__":
    main()
