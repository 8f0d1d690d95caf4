#!/usr/bin/env python3
"""Whether a small embedding tells the talkers of one mixed stream apart: equal error rates of "the same talker?", out of fold; and what a pause that ends a turn leaves of one talker's speech.

usage: turns.py WORK                 (WORK/store as store.py leaves it; about two minutes on one core)
An embedding is what can be had without a network: mean and deviation of 24 mel cepstra and of their slopes over the speech of a stretch, and its pitch; distances are weighed by the covariances within and
between talkers of the other folds' sources (a likelihood ratio of the difference of two embeddings). No talker and no source is in training and test. A pair is two stretches of different clips of one source under one
condition, so that talkers are told apart and not recordings; each talker counts alike. Pauses are those of talks of TALK_S and more, by level alone; "whole" is the share of the speech that lies in turns
that fill a window. 95 % intervals by drawing talkers anew. Writes WORK/eval/turns.json.
"""

import collections
import json
import pathlib
import sys

import numpy as np
from scipy.fft import dct
from scipy.signal import lfilter

import metrics
from render import RATE_HZ, batches, channel, folds, seed

PAUSES_S, TALK_S, WINDOW_S = (0.3, 0.5, 0.7, 1.0), 10.0, 4.0
LENGTHS_S, CLIPS, PAIRS, ROUNDS = (2.0, 4.0), 4, 12, 300
CONDITIONS = {
    "clean": lambda w, rng: w,
    "g711": lambda w, rng: channel.g711(w, rng),
    "opus": lambda w, rng: channel.opus(w, rng, bitrate=16_000),
}
HOP, SIZE, MELS, CEPSTRA = 160, 512, 40, 24


def mel_bank():
    mel = lambda hz: 2595 * np.log10(1 + hz / 700)
    edges = np.linspace(mel(100), mel(3800), MELS + 2)
    at = mel(np.fft.rfftfreq(SIZE, 1 / RATE_HZ))
    return np.stack([np.clip(np.minimum((at - a) / (b - a), (c - at) / (c - b)), 0, None) for a, b, c in zip(edges, edges[1:], edges[2:])], 1)


BANK = mel_bank()


def pitch(frames):
    """Natural logarithms of the pitch of voiced frames, by autocorrelation between 60 and 400 Hz."""
    power = np.abs(np.fft.rfft(frames - frames.mean(1, keepdims=True), 1024)) ** 2
    lags = np.fft.irfft(power)[:, : RATE_HZ // 60 + 1]
    lags = lags / (lags[:, :1] + 1e-9) / (1 - np.arange(lags.shape[1]) / frames.shape[1])
    low = RATE_HZ // 400
    best = low + lags[:, low:].argmax(1)
    return np.log(RATE_HZ / best[lags[np.arange(len(best)), best] > 0.5])


def embedding(wave):
    x = lfilter([1, -0.97], 1, wave.astype(np.float64))
    frames = np.lib.stride_tricks.sliding_window_view(x, 400)[::HOP]
    cepstra = dct(np.log(np.abs(np.fft.rfft(frames * np.hamming(400), SIZE)) ** 2 @ BANK + 1.0), norm="ortho")[:, :CEPSTRA]
    slope = cepstra[4:] - cepstra[:-4]
    heard = pitch(np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), 640)[:: 2 * HOP])
    tone = [np.median(heard), *np.percentile(heard, [10, 90])] if len(heard) > 5 else [np.log(150)] * 3
    return np.concatenate([cepstra[:, 1:].mean(0), np.log(cepstra.std(0) + 1e-6), np.log(slope.std(0) + 1e-6), tone])


def stretches(pool, seconds):
    """{source: {talker: [(clip, samples)]}}: speech without its pauses, one stretch a clip."""
    talks, take = collections.defaultdict(lambda: collections.defaultdict(list)), int(seconds * RATE_HZ)
    for r in pool.rows:
        if r["label"] != "real" or "crowd" in r["speaker"] or r["speaker"].startswith("?"):
            continue
        group = talks[r["source"]][r["speaker"]]
        if len(group) < CLIPS:
            wave = pool.wave(r, False)[: 20 * RATE_HZ]
            speech = wave[batches.speech_mask(wave, np.random.default_rng(seed(r["id"], "turns")))]
            if len(speech) >= take:
                group.append((r["id"], np.ascontiguousarray(speech[:take])))
    kept = {s: {t: g for t, g in talkers.items() if len(g) > 1} for s, talkers in talks.items()}
    return {s: talkers for s, talkers in kept.items() if len(talkers) > 1}


class Apart:
    """ln p(difference | two talkers) / p(difference | one), of Gaussian talkers (two covariances)."""

    def __init__(self, groups):
        """`groups`: {source: {talker: embeddings}}; what is common to a source is taken out."""
        means = {s: {t: e.mean(0) for t, e in talkers.items()} for s, talkers in groups.items()}
        inside = np.concatenate([(e - e.mean(0)) * np.sqrt(len(e) / (len(e) - 1)) for talkers in groups.values() for e in talkers.values()])
        count = np.mean([len(e) for talkers in groups.values() for e in talkers.values()])
        among = np.concatenate([(np.stack(list(m.values())) - np.mean(list(m.values()), 0)) * np.sqrt(len(m) / (len(m) - 1)) for m in means.values()])
        within = self.shrunk(np.cov(inside.T, bias=True))
        values, vectors = np.linalg.eigh(within)
        white = vectors / np.sqrt(values)
        between = white.T @ np.cov(among.T, bias=True) @ white - np.eye(len(within)) / count
        self.spread, turn = np.linalg.eigh(between)
        self.axes, self.spread = white @ turn, np.clip(self.spread, 0, None)

    @staticmethod
    def shrunk(cov, share=0.05):
        return (1 - share) * cov + share * np.diag(np.diag(cov))

    def __call__(self, a, b):
        square = ((a - b) @ self.axes) ** 2 / 2
        return (0.5 * square * (1 - 1 / (1 + self.spread)) - 0.5 * np.log1p(self.spread)).sum(-1)


def pairs(talkers, rng):
    """(talker, clip, other talker, other clip): PAIRS of one talker and PAIRS of two for every talker."""
    names = sorted(talkers)
    for a in names:
        for _ in range(PAIRS):
            i, j = rng.choice(len(talkers[a]), 2, replace=False)
            yield a, i, a, j
            b = str(rng.choice([n for n in names if n != a]))
            yield a, i, b, int(rng.integers(len(talkers[b])))


def figures(found):
    """EER of [(score, one talker?, owner, other)] and its interval."""
    score, same, owner, other = (np.array(x) for x in zip(*found))
    names, index = np.unique(np.concatenate([owner, other]), return_inverse=True)
    owner, other = index[: len(score)], index[len(score) :]
    rate = lambda weight: metrics.eer(np.repeat(score[same], weight[same]), np.repeat(score[~same], weight[~same]))
    rng, drawn = np.random.default_rng(4), []
    for _ in range(ROUNDS):
        times = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        drawn.append(rate(times[owner] * np.where(same, 1, times[other])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return dict(eer=rate(np.ones(len(score), int)), low=float(low), high=float(high), talkers=len(names), pairs=len(score))


def turns_of(wave, pause_s):
    """Seconds of speech in the turns of one talker, if a pause of so much ends a turn."""
    level = 10 * np.log10((wave[: len(wave) // HOP * HOP].reshape(-1, HOP).astype(np.float32) ** 2).mean(1) + 1)
    spoken = np.flatnonzero(level > max(np.percentile(level, 95) - 30, 12.0))
    parts = np.split(spoken, np.flatnonzero(np.diff(spoken) > pause_s * RATE_HZ / HOP) + 1)
    return [len(part) * HOP / RATE_HZ for part in parts]


def pauses(pool):
    """{pause: median turn, share of the speech in turns that fill a window, its interval, talkers}, each talker counted alike."""
    talks, out = collections.defaultdict(list), {}
    for r in pool.rows:
        if r["label"] == "real" and "crowd" not in r["speaker"] and r["length"] >= TALK_S * RATE_HZ:
            talks[f"{r['source']}/{r['speaker']}"].append(pool.wave(r, False))
    for pause_s in PAUSES_S:
        turns = {t: np.concatenate([turns_of(w, pause_s) for w in waves]) for t, waves in talks.items()}
        whole = np.array([t[t >= WINDOW_S].sum() / t.sum() for t in turns.values()])
        rng = np.random.default_rng(4)
        low, high = np.percentile([whole[rng.integers(0, len(whole), len(whole))].mean() for _ in range(ROUNDS)], [2.5, 97.5])
        out[f"pause {pause_s} s"] = dict(median_s=float(np.median(np.concatenate(list(turns.values())))), whole=float(whole.mean()), low=float(low), high=float(high), talkers=len(whole))
    return out


def main():
    work = pathlib.Path(sys.argv[1])
    fold, pool = folds.fold_of_source(), batches.Pool(work, ("corpus",))
    out = pauses(pool)
    for name, p in out.items():
        print(f"{name}: median turn {p['median_s']:.1f} s, whole {p['whole']:.0%} [{p['low']:.0%}, {p['high']:.0%}]  {p['talkers']} talkers", flush=True)
    for seconds in LENGTHS_S:
        talks = stretches(pool, seconds)
        heard = {
            c: {s: {t: np.stack([embedding(change(w, np.random.default_rng(seed(i, c)))) for i, w in g]) for t, g in talkers.items()} for s, talkers in talks.items()}
            for c, change in CONDITIONS.items()
        }
        found, sources = collections.defaultdict(list), set()
        for k in range(folds.FOLDS):
            test = [s for s in sorted(talks) if fold.get(s) == k]
            known = {t for s in test for t in talks[s]}
            train = {(c, s): {t: e for t, e in talkers.items() if t not in known} for c, by in heard.items() for s, talkers in by.items() if fold.get(s) not in (k, None)}
            apart = Apart({key: talkers for key, talkers in train.items() if len(talkers) > 1})
            for s in test:
                sources.add(s)
                for a, i, b, j in pairs(talks[s], np.random.default_rng(seed(s, "pairs"))):
                    for c in CONDITIONS:
                        score = float(apart(heard[c][s][a][i], heard[c][s][b][j]))
                        found[c].append((score, a == b, f"{s}/{a}", f"{s}/{b}"))
        for c in CONDITIONS:
            out[f"{seconds:.0f} s, {c}"] = figure = figures(found[c])
            print(f"{seconds:.0f} s {c:6} EER {figure['eer']:6.1%} [{figure['low']:.1%}, {figure['high']:.1%}]  {figure['talkers']} talkers of {len(sources)} sources, {figure['pairs']} pairs", flush=True)
    (work / "eval" / "turns.json").write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
