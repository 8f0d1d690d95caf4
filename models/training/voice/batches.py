"""Batches of pairs: which clips meet in a batch, and what is done to them before the network hears them.

A pair is a genuine and a synthetic clip. Either the two are twins (one recording, once more through a vocoder) under one augmentation, some of them synthetic above or below a
frequency only; or they come from one source; or source and system are drawn by the square root of their clips. Rooms and noises whose name hashes to the reserved share are kept for
evaluation and never drawn here; half the rooms and half the noises are made up (decaying noise; coloured noise, several voices of the genuine pool).
"""

import collections
import csv
import hashlib
import pathlib

import numpy as np
import soundfile as sf
import torch
from scipy.signal import resample

RATE_HZ = 16_000
TWINS, SAME_SOURCE = 0.45, 0.5  # share of pairs that are twins; of the others, share from one source
SPLICED = 0.25  # share of twins that are synthetic in a part of the spectrum only
ROOM, NOISE = 0.33, 0.45
RESERVED = 3  # of ten rooms and noises, kept for evaluation
MADE = 0.35  # weight of whole utterances made here, beside a system met in the wild


def reserved(path):
    return hashlib.md5(pathlib.Path(path).name.encode()).digest()[0] % 10 < RESERVED


class Pool:
    """Rows of the store's tables and their samples."""

    def __init__(self, work, tables=("corpus", "twins", "utterances")):
        self.rows, self.waves = [], {}
        for table in tables:
            index = work / "store" / f"{table}.csv"
            if not index.is_file():
                continue
            self.waves[table] = np.memmap(work / "store" / f"{table}.i16", "<i2", "r")
            for r in csv.DictReader(open(index)):
                for key in ("start", "length", "line_start", "line_length"):
                    r[key] = int(r[key])
                self.rows.append({**r, "table": table})

    def wave(self, row, line):
        start, length = (row["line_start"], row["line_length"]) if line else (row["start"], row["length"])
        return self.waves[row["table"]][start : start + length]


class Sampler:
    """Draws pairs from rows that a fold may train on."""

    def __init__(self, rows):
        self.groups = collections.defaultdict(lambda: collections.defaultdict(lambda: [None, []]))
        genuine, fake, by_source = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(lambda: ([], []))
        for r in rows:
            if r["table"] == "twins":
                slot = self.groups[r["source"]][r["parent"]]
                if r["label"] == "real":
                    slot[0] = r
                else:
                    slot[1].append(r)
                continue
            if r["label"] == "real":
                genuine[r["source"]].append(r)
            else:
                fake[r["system"]].append(r)
            by_source[r["source"]][r["label"] == "fake"].append(r)
        self.groups = {s: [g for g in gs.values() if g[0] and g[1]] for s, gs in self.groups.items()}
        self.groups = {s: g for s, g in self.groups.items() if g}
        self.both = {s: b for s, b in by_source.items() if b[0] and b[1]}
        self.genuine, self.fake = genuine, fake
        self.p_groups = roots({s: len(g) for s, g in self.groups.items()})
        self.p_both = roots({s: min(map(len, b)) for s, b in self.both.items()})
        self.p_genuine = roots({s: len(v) for s, v in genuine.items()})
        self.p_fake = roots({s: len(v) * (MADE**2 if v[0]["table"] == "utterances" else 1) for s, v in fake.items()})

    def pair(self, rng):
        """(genuine row, synthetic row, twins?)"""
        if self.groups and rng.random() < TWINS:
            real, twins = pick(rng, self.groups[draw(rng, self.p_groups)])
            return real, pick(rng, twins), True
        if self.both and rng.random() < SAME_SOURCE:
            real, fake = self.both[draw(rng, self.p_both)]
            return self.by_speaker(rng, real), self.by_system(rng, fake), False
        return self.by_speaker(rng, self.genuine[draw(rng, self.p_genuine)]), pick(rng, self.fake[draw(rng, self.p_fake)]), False

    @staticmethod
    def by_speaker(rng, rows):
        if rng.random() < 0.5:
            return pick(rng, rows)
        speaker = pick(rng, sorted({r["speaker"] for r in rows}))
        return pick(rng, [r for r in rows if r["speaker"] == speaker])

    @staticmethod
    def by_system(rng, rows):
        system = pick(rng, sorted({r["system"] for r in rows}))
        return pick(rng, [r for r in rows if r["system"] == system])


def roots(counts):
    names = sorted(counts)
    weight = np.sqrt([counts[n] for n in names])
    return names, np.cumsum(weight / weight.sum()) if names else None


def draw(rng, table):
    return table[0][min(int(np.searchsorted(table[1], rng.random())), len(table[0]) - 1)]


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


def speech_mask(wave, rng):
    """Which samples a call's speech gate would keep: long pauses out, at a threshold drawn anew so that no one gate is learnt."""
    frame = 320
    count = len(wave) // frame
    if count < 20:
        return np.ones(len(wave), bool)
    level = 10 * np.log10(np.mean(wave[: count * frame].reshape(count, frame).astype(np.float32) ** 2, 1) + 1.0)
    speech = level > max(np.percentile(level, 95) - rng.uniform(25, 40), 12.0)
    near = np.convolve(speech, np.ones(2 * int(rng.integers(3, 10)) + 1), "same") > 0
    kept = np.zeros(len(wave), bool)
    kept[: count * frame] = np.repeat(near, frame)
    return kept if kept.sum() > 0.6 * RATE_HZ else np.ones(len(wave), bool)


def gated(waves, rng):
    """Pauses out of waves of one recording: where the first one pauses."""
    shortest = min(map(len, waves))
    kept = speech_mask(waves[0][:shortest], rng)
    return [w[:shortest][kept] for w in waves]


def crop(waves, length, rng):
    """The same stretch of every wave; shorter ones (and some made short) are tiled, as the caller of the network does."""
    shortest = min(map(len, waves))
    take = min(length, shortest)
    if rng.random() < 0.2:
        take = min(take, int(rng.uniform(0.8, 2.2) * RATE_HZ))
    start = int(rng.integers(0, shortest - take + 1))
    return [np.resize(w[start : start + take].astype(np.float32) / 32768, length) for w in waves]


class Augment:
    """Rooms, noises, band limits and uneven microphones: a plan is drawn once and may be used on both halves of a pair."""

    def __init__(self, data, length, voice=None):
        """`voice`: of a generator, the samples of a genuine clip for babble; without it no noise is babble."""
        self.voice, self.length, self.size = voice, length, 2 ** int(np.ceil(np.log2(length + RATE_HZ // 2)))
        self.hz = np.fft.rfftfreq(self.size, 1 / RATE_HZ).astype(np.float32)
        self.rooms, self.noises = [], []
        if data is not None:
            for r in csv.DictReader(open(data / "speech" / "augmentation.csv")):
                if not reserved(r["path"]):
                    wave, _ = sf.read(data / "speech" / r["path"], dtype="float32")
                    (self.rooms if r["path"].startswith("rir/") else self.noises).append(wave if wave.ndim == 1 else wave[:, 0])

    def plan(self, rng):
        gain = np.ones(len(self.hz), np.float32)
        hz = self.hz
        if rng.random() < 0.5:
            gain /= np.sqrt(1 + (hz / rng.uniform(3000, 7900)) ** (2 * rng.choice([2, 4, 8])))
        if rng.random() < 0.4:
            gain *= 1 / np.sqrt(1 + (rng.uniform(20, 300) / np.maximum(hz, 1.0)) ** (2 * rng.choice([1, 2, 4])))
        if rng.random() < 0.12:
            gain *= (hz < rng.uniform(3300, 3950)) & (hz > rng.uniform(50, 300))
        if rng.random() < 0.5:
            knots = np.sort(rng.uniform(0, 8000, 6))
            gain *= 10 ** (np.interp(hz, knots, rng.normal(0, rng.uniform(1, 5), 6)) / 20)
        spectrum = gain.astype(np.complex64)
        if rng.random() < ROOM:
            room = pick(rng, self.rooms)[: RATE_HZ // 2] if self.rooms and rng.random() < 0.5 else made_room(rng)
            spectrum = spectrum * np.fft.rfft(room / (np.abs(room).max() + 1e-9), self.size).astype(np.complex64)
        noise = (self.noise(rng), rng.uniform(4, 32)) if rng.random() < NOISE else None
        return dict(spectrum=spectrum, noise=noise, floor=rng.uniform(50, 96) if rng.random() < 0.6 else None, clip=rng.uniform(1.5, 6) if rng.random() < 0.08 else None,
                    bits=rng.uniform(9, 13) if rng.random() < 0.15 else None, mu=rng.random() < 0.08, seed=int(rng.integers(1 << 31)),
                    masked=[(int(rng.integers(0, 96)), int(rng.integers(1, 12)))] if rng.random() < 0.5 else [],
                    speed=rng.uniform(0.93, 1.07) if rng.random() < 0.15 else None)

    def noise(self, rng):
        kind = rng.random()
        if self.noises and kind < 0.5:
            noise = pick(rng, self.noises)
            at = int(rng.integers(0, max(1, len(noise) - self.length)))
            return np.resize(noise[at : at + self.length], self.length)
        if self.voice and kind < 0.75:
            voices = [np.resize(self.voice(rng)[: self.length].astype(np.float32), self.length) for _ in range(int(rng.integers(1, 6)))]
            return sum(np.roll(v, int(rng.integers(self.length))) / (np.sqrt(np.mean(v**2)) + 1.0) for v in voices)
        white = np.fft.rfft(rng.standard_normal(self.length, dtype=np.float32))
        return np.fft.irfft(white / (np.arange(len(white), dtype=np.float32) + 20) ** rng.uniform(0, 1), self.length).astype(np.float32)

    def apply(self, waves, plans):
        """[n, length] float32 and n plans to a tensor of the same shape."""
        x = torch.fft.rfft(torch.from_numpy(np.stack(waves)), self.size)
        x *= torch.from_numpy(np.stack([p["spectrum"] for p in plans]))
        out = torch.fft.irfft(x, self.size)[:, : self.length].numpy()
        out /= np.sqrt(np.mean(out**2, 1, keepdims=True)) + 1e-7
        for y, p in zip(out, plans):
            rng = np.random.default_rng(p["seed"])
            if p["noise"] is not None:
                noise, snr_db = p["noise"]
                y += noise * (10 ** (-snr_db / 20) / (np.sqrt(np.mean(noise**2)) + 1e-7))
            if p["floor"] is not None:
                y += rng.standard_normal(self.length, dtype=np.float32) * 10 ** (-p["floor"] / 20)
            if p["clip"] is not None:
                np.clip(y, -p["clip"], p["clip"], out=y)
            if p["mu"]:
                z = np.clip(y / 8, -1, 1)
                y[:] = 8 * np.sign(z) * np.expm1(np.round(np.log1p(255 * np.abs(z)) / np.log(256) * 127) / 127 * np.log(256)) / 255
            if p["bits"] is not None:
                step = 16 / 2 ** p["bits"]
                np.round(y / step, out=y)
                y *= step
        return torch.from_numpy(out * 0.05)


def made_room(rng):
    """A response that nobody measured: a direct sound and noise that decays by 60 dB in 0.1 to 0.7 s."""
    t = np.arange(RATE_HZ // 2, dtype=np.float32) / RATE_HZ
    tail = rng.standard_normal(len(t), dtype=np.float32) * 10 ** (-3 * t / rng.uniform(0.1, 0.7))
    gap = int(rng.integers(8, 160))
    tail[:gap] *= 0.1
    tail *= 10 ** (-rng.uniform(-2, 16) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def spliced(real, fake, rng):
    """The twin below or above a frequency only, the recording elsewhere: what tells the two is not in one band alone."""
    size = 1 << int(np.ceil(np.log2(len(real))))
    a, b = np.fft.rfft(real, size), np.fft.rfft(fake, size)
    hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    high = 1 / (1 + np.exp(-(hz - rng.uniform(700, 4500)) / 60.0)).astype(np.float32)
    if rng.random() < 0.5:
        high = 1 - high
    return np.fft.irfft(a * (1 - high) + b * high, size)[: len(real)].astype(np.float32)


def batch(pool, sampler, augment, rng, pairs):
    """samples [2 pairs, length], labels, same-plan flag of each pair, masks, the pool's rows: 2i genuine, 2i + 1 synthetic."""
    waves, plans, same, rows = [], [], [], []
    for _ in range(pairs):
        real, fake, twins = sampler.pair(rng)
        shared = twins or rng.random() < 0.5
        lines = [rng.random() < 0.5] * 2 if shared else [rng.random() < 0.5, rng.random() < 0.5]
        if not twins and rng.random() < 0.5:
            lines = [lines[0]] * 2
        plan = augment.plan(rng)
        both = [plan, plan if shared else augment.plan(rng)]
        gate = rng.random() < 0.6
        raw = [pool.wave(real, lines[0]), pool.wave(fake, lines[1])]
        if twins:
            cut = crop(gated(raw, rng) if gate else raw, augment.length, rng)
            if rng.random() < SPLICED:
                cut[1] = spliced(*cut, rng)
        else:
            raw = [gated([w], rng)[0] if gate else w for w in (stretch(w, 2 * augment.length, rng) for w in raw)]
            cut = [crop([w], augment.length, rng)[0] for w in raw]
        for i in (0, 1):
            if both[i]["speed"]:
                moved = resample(cut[i], int(augment.length / both[i]["speed"])).astype(np.float32)
                cut[i] = np.resize(moved, augment.length)
        waves += cut
        plans += both
        same.append(shared)
        rows += [real, fake]
    return augment.apply(waves, plans), torch.tensor([0.0, 1.0] * pairs), torch.tensor(same), [p["masked"] for p in plans], rows


def stretch(wave, most, rng):
    if len(wave) <= most:
        return wave
    start = int(rng.integers(0, len(wave) - most + 1))
    return wave[start : start + most]
