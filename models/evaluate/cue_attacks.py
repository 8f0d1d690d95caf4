#!/usr/bin/env python3
"""Videos that the cues are measured on: genuine recordings as a call delivers them, and presentations simulated from them.

usage: cue_attacks.py DATA MORE WORK
DATA/clips.csv names the genuine clips; MORE holds the longer recordings that DATA/originals.py takes out of DATA/more.csv, and their manifest.csv. Writes WORK/cues/*/*.mp4 and WORK/cues/list.csv.

Genuine: `plain` (as it is, at most a minute), `call` (at most 480 pixels, H.264 for a call, 400 kbit/s), `shaken` (every other one, as if the device were held in a hand: the whole picture shifts, turns and
breathes, then as `call`). Presented: `loop` and `to-and-fro` (two to six seconds of the recording again and again, forwards or there and back, then as `call`), `print` (one picture of it) and
`screen` (the recording itself), both on a plane that a hand moves before a photograph of something else, with a homography, blur, gamma and noise, then as `call`.
The versions of a recording are drawn by its name alone.
"""

import argparse
import csv
import hashlib
import pathlib
import subprocess

import cv2
import numpy as np

SIDE, LONGEST_S, RATE_BIT = 480, 60.0, "400k"
# Material of the demonstration, and recordings that are one still picture.
BARRED = ("WolfgangLanger", "pexels_a", "astronaut", "carphone", "PD-FGC")
FOLDS = 3


def seed(*parts):
    return int(hashlib.md5("/".join(parts).encode()).hexdigest()[:8], 16)


def recordings(data, more):
    """Genuine recordings: path, person, source, origin."""
    for r in csv.DictReader(open(data / "clips.csv")):
        if r["kind"] == "video" and r["label"] == "real":
            yield dict(path=data / r["path"], person=r["person"] or r["path"], source=r["system"], origin=f"{r['source_repo']} ({r['path']})")
    for r in csv.DictReader(open(more / "manifest.csv")):
        yield dict(path=more / r["path"], person=r["speaker"], source=r["source_repo"], origin=f"{r['source_repo']}:{r['source_path']}")


def frames(path, longest_s=LONGEST_S):
    """Pictures of at most SIDE pixels, and how many there are in a second."""
    video = cv2.VideoCapture(str(path))
    rate, out = video.get(cv2.CAP_PROP_FPS) or 25.0, []
    rate = rate if 5 <= rate <= 60 else 25.0
    while len(out) < longest_s * rate:
        ok, frame = video.read()
        if not ok:
            break
        scale = min(1.0, SIDE / max(frame.shape[:2]))
        size = [max(16, int(n * scale) // 2 * 2) for n in frame.shape[1::-1]]
        out.append(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    return out, rate


def write(out, pictures, rate):
    """H.264 as a call codes it: no look-ahead, one reference, a constant rate."""
    height, width = pictures[0].shape[:2]
    command = ["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", f"{rate:.4f}", "-i", "-"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-threads", "1", "-b:v", RATE_BIT, "-maxrate", RATE_BIT, "-bufsize", RATE_BIT, "-g", "250", "-pix_fmt", "yuv420p", str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        for picture in pictures:
            ffmpeg.stdin.write(np.ascontiguousarray(picture).tobytes())
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise SystemExit(f"{out}: ffmpeg failed")


def sway(rng, count, rate, size, low=0.2, high=2.5):
    """A hand: `size` in the root mean square, of waves of those frequencies, the slower ones larger."""
    t, total = np.arange(count) / rate, np.zeros(count)
    for hertz in np.geomspace(low, high, 6):
        total += np.sin(2 * np.pi * (hertz * rng.uniform(0.8, 1.25) * t + rng.random())) * rng.uniform(0.3, 1.0) / hertz**0.7
    return total / (np.std(total) + 1e-9) * size


def shaken(pictures, rate, rng):
    height, width = pictures[0].shape[:2]
    n, strength = len(pictures), rng.uniform(0.3, 1.0)
    dx, dy = (sway(rng, n, rate, 0.025 * strength * width) for _ in range(2))
    turn, zoom = sway(rng, n, rate, 1.5 * strength), 1.14 + sway(rng, n, rate, 0.02 * strength)
    for i, picture in enumerate(pictures):
        m = cv2.getRotationMatrix2D((width / 2, height / 2), turn[i], zoom[i])
        m[:, 2] += dx[i], dy[i]
        yield cv2.warpAffine(picture, m, (width, height), borderMode=cv2.BORDER_REFLECT)


def period_s(rng):
    return rng.uniform(2.1, 6.0)


def looped(pictures, rate, rng, fro):
    period = int(min(len(pictures), period_s(rng) * rate))
    part = pictures[:period]
    if fro:
        part = part + part[-2:0:-1]
    count = int(min(max(2.5 * len(part), len(part) + 4 * rate), 14 * rate))
    return [part[i % len(part)] for i in range(count)]


def length_s(path):
    video = cv2.VideoCapture(str(path))
    return video.get(cv2.CAP_PROP_FRAME_COUNT) / (video.get(cv2.CAP_PROP_FPS) or 25.0)


def plane(pictures, rate, rng, background):
    """Pictures on a plane that a hand holds before the camera."""
    width, height = SIDE, SIDE * 3 // 4
    n = len(pictures)
    back = cv2.resize(background, (width, height), interpolation=cv2.INTER_AREA)
    h, w = pictures[0].shape[:2]
    tall = rng.uniform(0.75, 1.05) * height
    wide = tall * w / h
    dx, dy = (sway(rng, n, rate, rng.uniform(0.008, 0.03) * width) for _ in range(2))
    turn, near = np.radians(sway(rng, n, rate, rng.uniform(0.5, 3))), 1 + sway(rng, n, rate, rng.uniform(0.005, 0.03))
    tilt, lean = (np.radians(rng.uniform(-12, 12) + sway(rng, n, rate, rng.uniform(1, 5))) for _ in range(2))
    blur, gamma, noise, far = rng.uniform(0.4, 1.3), rng.uniform(0.7, 1.4), rng.uniform(1, 4), 2.2 * height
    curve = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    grain = [np.repeat(rng.normal(0, noise, (height, width, 1)), 3, 2).astype(np.int16) for _ in range(7)]
    corners = np.float64([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) / 2
    for i, picture in enumerate(pictures):
        c, s = np.cos(turn[i]), np.sin(turn[i])
        flat = corners @ np.array([[c, s], [-s, c]])
        depth = far + flat[:, 0] * np.sin(tilt[i]) + flat[:, 1] * np.sin(lean[i])
        seen = flat * [np.cos(tilt[i]), np.cos(lean[i])] * (far / depth)[:, None] * near[i] + [width / 2 + dx[i], height / 2 + dy[i]]
        m = cv2.getPerspectiveTransform(np.float32([[0, 0], [w, 0], [w, h], [0, h]]), np.float32(seen))
        shown = cv2.warpPerspective(cv2.LUT(picture, curve), m, (width, height), dst=back.copy(), borderMode=cv2.BORDER_TRANSPARENT)
        yield cv2.add(cv2.GaussianBlur(shown, (0, 0), blur), grain[int(rng.integers(7))], dtype=cv2.CV_8U)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("more", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    a = ap.parse_args()
    walls = sorted((a.data / "negatives").glob("*"))
    folder, listed, people = a.work.resolve() / "cues", [], set()
    kept = [r for r in recordings(a.data, a.more) if not any(b in f"{r['origin']} {r['person']} {r['source']}" for b in BARRED)]
    for r in sorted(kept, key=lambda r: hashlib.md5(r["origin"].encode()).digest()):
        name = hashlib.md5(r["origin"].encode()).hexdigest()[:16]
        rng = np.random.default_rng(seed(r["origin"]))
        sha256 = hashlib.sha256(r["path"].read_bytes()).hexdigest()
        pictures, rate = None, 0.0
        # Of each person one recording is presented, in two of the four ways.
        presents = [] if r["person"] in people else [("loop", "print"), ("to-and-fro", "screen")][seed(r["person"], "way") % 2]
        people.add(r["person"])
        shakes = ["shaken"] if seed(r["origin"], "shakes") % 2 else []
        for version in ("plain", "call", *shakes, *presents):
            out = folder / version / f"{name}.{'mkv' if version == 'plain' else 'mp4'}"
            label = "fake" if version in presents else "real"
            # A loop's first turn is no repetition, nor is what lies within two seconds of a turning point.
            since = 0.0 if version not in ("loop", "to-and-fro") else min(length_s(r["path"]), period_s(np.random.default_rng(seed(r["origin"], version)))) + 2.0
            listed.append(dict(path=str(out), since_s=round(since, 2), label=label, system=version, person=r["person"], source=r["source"], fold=seed(r["person"]) % FOLDS, sha256=sha256, origin=r["origin"]))
            if out.is_file():
                continue
            out.parent.mkdir(parents=True, exist_ok=True)
            if version == "plain":
                subprocess.run(["ffmpeg", "-y", "-v", "error", "-t", str(LONGEST_S), "-i", r["path"], "-an", "-c", "copy", out], check=True)
                continue
            if pictures is None:
                pictures, rate = frames(r["path"])
            rng = np.random.default_rng(seed(r["origin"], version))
            if version == "call":
                made = pictures
            elif version == "shaken":
                made = list(shaken(pictures, rate, rng))
            elif version in ("loop", "to-and-fro"):
                made = looped(pictures, rate, rng, version != "loop")
            else:
                seconds = int(min(6.0, max(4.0, len(pictures) / rate)) * rate)
                shown = [pictures[len(pictures) // 2]] * seconds if version == "print" else pictures[:seconds]
                made = list(plane(shown, rate, rng, cv2.imread(str(walls[rng.integers(len(walls))]))))
            write(out, made, rate)
        print(f"{len(listed)} videos", flush=True)
    with open(folder / "list.csv", "w", newline="") as f:
        w = csv.DictWriter(f, listed[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(listed)


if __name__ == "__main__":
    main()
