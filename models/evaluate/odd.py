#!/usr/bin/env python3
"""Genuine speech that looks strange, sound that is no speech, and synthetic speech that tries to pass: beside the conditions that render.py writes.

usage: odd.py DATA WORK [--talks N] [--clips N]
Run render.py first. Genuine talks (WORK/eval/list.csv, clean, at most TALK_S) go through what calls and telephones do to honest people; synthetic clips through what an impostor may try. Whisper and electrolarynx
are missing: no recording of them is at hand, and one made from other speech would be synthetic itself. SUPPRESSORS as in channel.py; SNAPSHOTS (see originals.py) tells which speakers are children;
NEURAL_OPUS is the libopus.so of Opus 1.5 or later, built with DRED and OSCE; SUNG a folder of WAVE files of people who sing alone. What is not named is left out. gst-launch-1.0 with webrtcdsp, and sox.
A file that is there is kept. Writes WORK/eval/*/*.wav and WORK/eval/odd.csv; score.py and measure.py take both lists.
"""

import argparse
import collections
import csv
import ctypes
import functools
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import soundfile as sf
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

import render
from render import LEVEL, RATE_HZ, batches, channel, folds, seed

TALK_S, EACH, EACH_SYSTEM = 30, 4, 6
CHILD_YEARS = 15


def to_int16(x):
    """Levelled as every measured file is."""
    x = x / (np.sqrt(np.mean(x**2)) + 1e-9) * LEVEL
    return np.clip(np.round(x * 32768), -32768, 32767).astype(np.int16)


@functools.lru_cache(maxsize=32)
def tune(number):
    """One of eight pieces of hold music."""
    return music(np.random.default_rng([7, number]), TALK_S * RATE_HZ)


def music(rng, length):
    """Four chords that go round, plucked, with a soft beat."""
    t, out = np.arange(length) / RATE_HZ, np.zeros(length)
    root, beat = rng.uniform(110, 220), rng.uniform(0.4, 0.7)
    chords = [(0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)]
    for n in range(int(length / RATE_HZ / beat) + 1):
        since = t - n * beat
        here = since > 0
        for step in chords[n // 4 % 4]:
            for harmonic in range(1, 7):
                hz = root * 2 ** (step / 12) * harmonic
                if hz < 7500:
                    out[here] += np.sin(2 * np.pi * hz * since[here]) * np.exp(-since[here] * (2 + harmonic)) / harmonic
        out[here] += rng.standard_normal(int(here.sum())) * np.exp(-since[here] * 60) * 0.3
    return out


def mixed(wave, other, snr_db):
    a, b = wave.astype(np.float64), np.resize(other, len(wave)).astype(np.float64)
    return to_int16(a / (a.std() + 1e-9) + b / (b.std() + 1e-9) * 10 ** (-snr_db / 20))


def in_room(wave, rng, rooms):
    response = batches.pick(rng, rooms)
    response = response[int(np.abs(response).argmax()) :][: int(0.6 * RATE_HZ)]
    return fftconvolve(wave.astype(np.float64), response)[: len(wave)]


def loudspeaker(wave, rng, rooms):
    """Played and recorded again: a room, a small loudspeaker that distorts, another room, a microphone's noise."""
    x = sosfilt(butter(2, [rng.uniform(180, 350), rng.uniform(5000, 7500)], "bandpass", fs=RATE_HZ, output="sos"), in_room(wave, rng, rooms))
    x = np.tanh(x / (x.std() + 1e-9) * rng.uniform(0.2, 0.7))
    return channel.noise(to_int16(in_room(x, rng, rooms)), rng, rng.uniform(20, 30), 1.0)


def voice_processor(wave, rng, far, rooms):
    """webrtcdsp: echo cancellation against a far talker whom the microphone hears too, gain control, noise suppression, high-pass."""
    far = np.resize(far, len(wave))
    echo = in_room(far, rng, rooms)
    near = to_int16(wave / (wave.std() + 1e-9) + 0.25 * echo / (echo.std() + 1e-9))
    with tempfile.TemporaryDirectory() as folder:
        for name, x in (("near", near), ("far", far)):
            (pathlib.Path(folder) / name).write_bytes(x.astype("<i2").tobytes())
        raw = "rawaudioparse format=pcm pcm-format=s16le sample-rate=16000 num-channels=1"
        line = f"filesrc location={folder}/near ! {raw} ! webrtcdsp probe=far ! filesink location={folder}/out filesrc location={folder}/far ! {raw} ! webrtcechoprobe name=far ! fakesink"
        subprocess.run(["gst-launch-1.0", "-q", *line.split()], check=True, timeout=120)
        out = np.fromfile(f"{folder}/out", "<i2")
    return np.pad(out, (0, max(0, len(wave) - len(out))))[: len(wave)]


def opus_with_comfort_noise(wave, rng):
    """Opus 16 kbit/s with discontinuous transmission: pauses are comfort noise."""
    return channel.opus(wave, rng, bitrate=16_000, complexity=9, dtx=True)


def neural_opus(wave, bitrate, heard):
    """Opus at a receiver that uses its networks: one packet of `heard` arrives and is enhanced (NoLACE, at low rates); those before it are told by the neural codec that it carries (DRED: RDOVAE, and FARGAN as the vocoder)."""
    lib, error, end = channel.library(os.environ["NEURAL_OPUS"]), ctypes.c_int(), ctypes.c_int()
    for create in (lib.opus_dred_decoder_create, lib.opus_dred_alloc):
        create.restype = ctypes.c_void_p
    encoder = ctypes.c_void_p(lib.opus_encoder_create(RATE_HZ, 1, 2048, ctypes.byref(error)))
    decoder = ctypes.c_void_p(lib.opus_decoder_create(RATE_HZ, 1, ctypes.byref(error)))
    reader, told = ctypes.c_void_p(lib.opus_dred_decoder_create(ctypes.byref(error))), ctypes.c_void_p(lib.opus_dred_alloc(ctypes.byref(error)))
    for request, value in ((4002, bitrate), (4010, 9), (4014, 50 if heard > 1 else 0), (4050, 2 * heard if heard > 1 else 0)):
        if lib.opus_encoder_ctl(encoder, request, ctypes.c_int(value)):
            sys.exit(f"odd.py: NEURAL_OPUS={os.environ['NEURAL_OPUS']} knows no request {request}: build Opus 1.5 or later with --enable-dred --enable-osce")
    lib.opus_decoder_ctl(decoder, 4010, ctypes.c_int(10))
    parts, packet = channel.frames(wave, 320), ctypes.create_string_buffer(1500)
    out = np.zeros_like(parts)
    for i, part in enumerate(parts):
        size = lib.opus_encode(encoder, part.ctypes.data_as(ctypes.c_void_p), 320, packet, 1500)
        if (i + 1) % heard == 0:
            if heard > 1 and lib.opus_dred_parse(reader, told, packet, size, heard * 320, RATE_HZ, ctypes.byref(end), 0) < 0:
                sys.exit("odd.py: a packet's DRED cannot be read")
            for back in range(heard - 1, 0, -1):
                lib.opus_decoder_dred_decode(decoder, told, back * 320, out[i - back].ctypes.data_as(ctypes.c_void_p), 320)
            lib.opus_decode(decoder, packet, size, out[i].ctypes.data_as(ctypes.c_void_p), 320, 0)
    lib.opus_encoder_destroy(encoder)
    lib.opus_decoder_destroy(decoder)
    lib.opus_dred_decoder_destroy(reader)
    lib.opus_dred_free(told)
    return out.ravel()[: len(wave)]


def sox(wave, *effect):
    raw = ["-t", "raw", "-r", str(RATE_HZ), "-e", "signed", "-b", "16", "-c", "1", "-"]
    out = subprocess.run(["sox", "-D", *raw, *raw, *map(str, effect)], input=wave.astype("<i2").tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(out, "<i2")


def strange(rooms):
    """name -> function of (talk, generator, another genuine talker of the fold)"""
    table = {
        "as it was": lambda w, rng, other: w,
        "processor": lambda w, rng, other: voice_processor(w, rng, other, rooms),
        "comfort noise": lambda w, rng, other: opus_with_comfort_noise(w, rng),
        "concealed loss": lambda w, rng, other: channel.opus(w, rng, bitrate=24_000, loss=0.2, complexity=9),
        "amr 4.75": lambda w, rng, other: channel.amr(w, rng, mode=0),
        "speex 8": lambda w, rng, other: channel.apply([("speex", dict(kbits=8))], w, 0),
        "codec2 2400": lambda w, rng, other: channel.codec2(w, rng, mode=1),
        "codec2 1300": lambda w, rng, other: channel.codec2(w, rng, mode=4),
        "mp3 32": lambda w, rng, other: channel.apply([("mp3", dict(kbits=32))], w, 0),
        "music behind": lambda w, rng, other: mixed(w, tune(int(rng.integers(8))), rng.uniform(5, 12)),
        "voice behind": lambda w, rng, other: mixed(w, other, rng.uniform(6, 15)),
        "two talkers": lambda w, rng, other: mixed(w, other, 0.0),
        "loudspeaker": lambda w, rng, other: loudspeaker(w, rng, rooms),
    }
    if os.environ.get("NEURAL_OPUS"):
        table["neural codec"] = lambda w, rng, other: neural_opus(w, 64_000, 26)
        table["neural decoder"] = lambda w, rng, other: neural_opus(w, 6_000, 1)
    else:
        print("odd.py: NEURAL_OPUS is not set, so no neural codec is measured", file=sys.stderr)
    return table


def probes(rooms):
    """name -> function of (synthetic clip, generator, genuine talker of the fold)"""
    return {
        "as it was": lambda w, rng, other: w,
        "pitch": lambda w, rng, other: sox(w, "pitch", int(rng.choice([-200, 200]))),
        "tempo": lambda w, rng, other: sox(w, "tempo", "-s", float(rng.choice([0.87, 1.15]))),
        "loudspeaker": lambda w, rng, other: loudspeaker(w, rng, rooms),
        "noise 10 dB": lambda w, rng, other: channel.noise(w, rng, 10.0, 1.0),
        "3.4 kHz": lambda w, rng, other: to_int16(sosfilt(butter(8, 3400, "lowpass", fs=RATE_HZ, output="sos"), w.astype(np.float64))),
        "music bed": lambda w, rng, other: mixed(w, tune(int(rng.integers(8))), 8.0),
        "mp3, then opus": lambda w, rng, other: channel.apply([("mp3", dict(kbits=64)), ("opus", dict(bitrate=16_000))], w, 0),
        "genuine greeting": lambda w, rng, other: np.concatenate([other[: int(1.5 * RATE_HZ)], w]),
    }


def no_speech(rng, noises):
    """(name, wave) of what holds no voice"""
    length = 30 * RATE_HZ
    t = np.arange(length) / RATE_HZ
    yield "dial tone", np.sin(2 * np.pi * 425 * t)
    yield "ringing", np.sin(2 * np.pi * 425 * t) * (t % 5 < 1)
    low, high = np.array([697, 770, 852, 941]), np.array([1209, 1336, 1477])
    digit = (t / 0.2).astype(int)
    yield "digits", (np.sin(2 * np.pi * low[digit % 4] * t) + np.sin(2 * np.pi * high[digit % 3] * t)) * (t % 0.2 < 0.12)
    for i in range(4):
        yield f"hold music {i}", music(rng, length)
    for i, noise in enumerate(noises):
        yield f"noise {i}", np.resize(noise, length)


def some(rows, key, each, most):
    """At most `each` of every key and `most` in all; which ones depends on their content alone."""
    seen, kept = collections.Counter(), []
    for r in sorted(rows, key=lambda r: hashlib.md5((r["id"] + "odd").encode()).digest()):
        seen[key(r)] += 1
        if seen[key(r)] <= each and len(kept) < most:
            kept.append(r)
    return kept


def children(work):
    """Speakers of speechocean762 below CHILD_YEARS, from its own lists."""
    git = pathlib.Path(os.environ.get("SNAPSHOTS", "")) / "jimbozhang+speechocean762" / "repo"
    young = set()
    for part in ("train", "test"):
        listed = subprocess.run(["git", "--git-dir", git, "show", f"HEAD:{part}/spk2age"], capture_output=True, text=True).stdout
        young |= {speaker.lstrip("0") for speaker, years in (line.split() for line in listed.splitlines()) if int(years) < CHILD_YEARS}
    by = collections.defaultdict(list)
    for r in csv.DictReader(open(work / "corpus.csv")):
        if r["source"] == "jimbozhang/speechocean762" and "".join(c for c in r["speaker"].split(":")[-1] if c.isdigit()).lstrip("0") in young:
            by[r["speaker"]].append(r)
    return by


def sung():
    """(name, wave) of every recording of SUNG"""
    if not os.environ.get("SUNG"):
        return print("odd.py: SUNG is not set, so no singing is measured", file=sys.stderr)
    for file in sorted(pathlib.Path(os.environ["SUNG"]).glob("*.wav")):
        wave, rate = sf.read(file, always_2d=True)
        yield file.stem, to_int16(resample_poly(wave.mean(1), RATE_HZ, rate)[: TALK_S * RATE_HZ])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--talks", type=int, default=40)
    ap.add_argument("--clips", type=int, default=120)
    a = ap.parse_args()
    rooms, noises = render.kept_apart(a.data)
    rows = [r for r in csv.DictReader(open(a.work / "eval" / "list.csv")) if r["condition"] == "clean"]
    talks = [r for r in rows if r["kind"] == "talk" and r["label"] == "real"]
    listed = []

    def emit(make, name, kind, condition, like):
        file = a.work / "eval" / f"{kind}-{condition.replace(' ', '-').replace(',', '')}" / f"{name}.wav"
        listed.append({**like, "path": str(file), "kind": kind, "condition": condition})
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            sf.write(file, render.path(make()), RATE_HZ, subtype="PCM_16")

    def read(r, seconds):
        return sf.read(r["path"], dtype="int16", stop=int(seconds * RATE_HZ))[0]

    def other(r, rng):
        return read(batches.pick(rng, [t for t in talks if t["fold"] == r["fold"] and t["speaker"] != r["speaker"]]), TALK_S)

    for kind, table, chosen, seconds in (
        ("strange", strange(rooms), some(talks, lambda r: r["source"], EACH, a.talks), TALK_S),
        ("probe", probes(rooms), some([r for r in rows if r["kind"] == "clip" and r["label"] == "fake"], lambda r: r["system"], EACH_SYSTEM, a.clips), render.CLIP_S),
    ):
        for condition, change in table.items():
            for r in chosen:
                rng = np.random.default_rng(seed(r["id"], kind, condition))
                emit(lambda: change(read(r, seconds), rng, other(r, rng)), r["id"], kind, condition, r)
            print(kind, condition, len(chosen), flush=True)
    fold = {r["source"]: r["fold"] for r in talks}
    for speaker, group in children(a.work).items():
        wave = np.concatenate([render.path(sf.read(r["path"], dtype="int16")[0]) for r in sorted(group, key=lambda r: r["id"])])[: TALK_S * RATE_HZ]
        like = dict(fold=fold.get(group[0]["source"], "0"), label="real", system="human", source=group[0]["source"], speaker=speaker, id=group[0]["id"])
        emit(lambda: wave, group[0]["id"], "strange", "children", like)
    for i, (name, wave) in enumerate(sung()):
        emit(lambda: wave, name, "strange", "singing", dict(fold=str(i % folds.FOLDS), label="real", system="human", source="sung", speaker=name, id=name))
    rng = np.random.default_rng(4)
    for i, (name, wave) in enumerate(no_speech(rng, noises)):
        emit(lambda: to_int16(wave), name.replace(" ", "-"), "nothing", "no speech", dict(fold=str(i % folds.FOLDS), label="none", system="", source="", speaker=name, id=name))
    with open(a.work / "eval" / "odd.csv", "w", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(listed)
    print(len(listed), "files", collections.Counter(r["kind"] for r in listed))


if __name__ == "__main__":
    main()
