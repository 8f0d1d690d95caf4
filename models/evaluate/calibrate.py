"""From logits and what could be heard to log-likelihood ratios, and the law of those on genuine people.

The form is the program's: llr = (offset + sum offset_i z_i) + (slope + sum slope_i z_i) * logit, natural log, z_i = (f(clamp(q)) - centre) / scale.
"""

import functools

import numpy as np
from scipy.optimize import minimize

import metrics

CLIP = 4.0
INDEPENDENCE_S, HOP_S = 4.0, 0.5
# measure, transform, smallest and largest value that counts
TERMS = [("speech_s", "ln", 0.8, 4.0), ("bandwidth_hz", "linear", 2500.0, 8000.0), ("snr_db", "linear", 3.0, 50.0)]
SHRINK = 0.003  # penalty on the quality terms' coefficients, per unit of (weighted) likelihood
TAIL = 0.2  # the law is held against the scores that at most this share of people reach: what alarms are made of
LEAST_SLOPE = 0.25  # share of the slope that must remain anywhere in the box


def terms_of(windows, terms):
    """z of every term, and the terms' constants; a window where a measure is missing takes the centre."""
    z, constants = [], []
    for measure, transform, low, high in terms:
        q = np.array([np.nan if w[measure] is None else w[measure] for w in windows], float)
        f = np.log if transform == "ln" else (lambda x: x)
        value = f(np.clip(q, low, high))
        centre, scale = float(np.nanmean(value)), float(np.nanstd(value)) or 1.0
        constants.append(dict(measure=measure, transform=transform, min=low, max=high, centre=centre, scale=scale))
        z.append(np.where(np.isnan(value), 0.0, (value - centre) / scale))
    return np.stack(z, 1) if z else np.zeros((len(windows), 0)), constants


def apply(calibration, windows):
    """The llr of every window, before clipping."""
    offset, slope = np.full(len(windows), calibration["offset"]), np.full(len(windows), calibration["slope"])
    for t in calibration["quality"]:
        f = np.log if t["transform"] == "ln" else (lambda x: x)
        q = np.array([np.nan if w[t["measure"]] is None else w[t["measure"]] for w in windows], float)
        z = np.where(np.isnan(q), 0.0, (f(np.clip(q, t["min"], t["max"])) - t["centre"]) / t["scale"])
        offset += t["offset"] * z
        slope += t["slope"] * z
    return offset + slope * np.array([w["logit"] for w in windows])


def weights(windows, full=20):
    """Classes 1/2 each; systems alike, genuine sources alike; within those conditions' clips alike, and windows of a clip alike. A system or source of less than `full` clips weighs less."""
    group = np.array([w["system"] if w["label"] == "fake" else w["source"] for w in windows])
    clip = np.array([w["path"] for w in windows])
    label = np.array([w["label"] == "fake" for w in windows])
    weight = np.zeros(len(windows))
    _, clip_at, clip_size = np.unique(clip, return_inverse=True, return_counts=True)
    for is_fake in (False, True):
        names = np.unique(group[label == is_fake])
        for name in names:
            here = (group == name) & (label == is_fake)
            each = 1 / clip_size[clip_at[here]]
            # A group of a few clips must not weigh as much as one of hundreds.
            weight[here] = each / each.sum() * min(1.0, len(np.unique(clip_at[here])) / full)
        weight[label == is_fake] *= 0.5 / weight[label == is_fake].sum()
    return weight


def bounded(slope, slopes, constants):
    """The terms' slopes, smaller where the slope would else fall too far at an end of their ranges"""
    ends = []
    for t in constants:
        f = np.log if t["transform"] == "ln" else float
        ends.append(((f(t["min"]) - t["centre"]) / t["scale"], (f(t["max"]) - t["centre"]) / t["scale"]))
    fall = -sum(min(b * lo, b * hi) for b, (lo, hi) in zip(slopes, ends))
    return slopes * (1 - LEAST_SLOPE) * slope / fall if fall > (1 - LEAST_SLOPE) * slope else slopes


def fit(windows, terms=TERMS, full=20, offsets=True):
    """The calibration, its slope kept positive over the whole box of qualities by shrinking the slopes' terms. Without `offsets` a quality only scales what the score says, and says nothing itself."""
    z, constants = terms_of(windows, terms)
    s, y, w = np.array([x["logit"] for x in windows]), np.array([x["label"] == "fake" for x in windows], float), weights(windows, full)
    k = z.shape[1]
    design = np.concatenate([np.ones((len(s), 1)), z if offsets else np.zeros_like(z), s[:, None], z * s[:, None]], 1)
    sign = 2 * y - 1

    def cost(c):
        llr = design @ c
        penalty = SHRINK * (np.sum(c[1 : k + 1] ** 2) + np.sum(c[k + 2 :] ** 2))
        slope = -w * sign / (1 + np.exp(np.clip(sign * llr, -60, 60)))
        gradient = design.T @ slope
        gradient[1 : k + 1] += 2 * SHRINK * c[1 : k + 1]
        gradient[k + 2 :] += 2 * SHRINK * c[k + 2 :]
        return np.sum(w * np.logaddexp(0, -sign * llr)) + penalty, gradient

    start = np.zeros(2 * k + 2)
    start[k + 1] = 1.0
    c = minimize(cost, start, jac=True, method="L-BFGS-B").x
    slope, slopes = c[k + 1], c[k + 2 :]
    quality = [{**t, "offset": float(a), "slope": float(b)} for t, a, b in zip(constants, c[1 : k + 1], bounded(slope, slopes, constants))]
    return dict(offset=float(c[0]), slope=float(slope), clip=CLIP, quality=quality)


def chart(times, llrs, rho, clip=CLIP, independence_s=INDEPENDENCE_S):
    """Scores of Page's test with the guest effect after each window; times are ends of windows in seconds."""
    s = n = 0.0
    out, newest = [], None
    for t, x in zip(times, llrs):
        w = 1.0 if newest is None else min(1.0, (t - newest) / independence_s)
        newest = t
        s += w * float(np.clip(x, -clip, clip))
        if s <= 0:
            s = n = 0.0
            out.append(0.0)
            continue
        n += w
        out.append(s / (1 + max(n - 1, 0) * rho))
    return out


def simulate(variance, rho, seconds, guests, rng, clip=CLIP, synthetic=False, independence_s=INDEPENDENCE_S):
    """Highest chart score of guests drawn from a law, in a call of that length."""
    span = int(round(independence_s / HOP_S))
    ticks = int(seconds / HOP_S) + 1
    mean = variance / 2 * (1 if synthetic else -1) + np.sqrt(rho * variance) * rng.standard_normal(guests)
    noise = rng.standard_normal((guests, ticks + span)) * np.sqrt((1 - rho) * variance / span)
    total = np.cumsum(noise, 1)
    llr = np.clip(mean[:, None] + total[:, span:] - total[:, :-span], -clip, clip)
    s, n, best = np.zeros(guests), np.zeros(guests), np.zeros(guests)
    for t in range(llr.shape[1]):
        w = 1.0 if t == 0 else HOP_S / independence_s
        s += w * llr[:, t]
        n += w
        rest = s <= 0
        s[rest] = n[rest] = 0
        best = np.maximum(best, s / (1 + np.maximum(n - 1, 0) * rho))
    return best


def law(talks, epsilon, seed=4, independence_s=INDEPENDENCE_S, own_length=False):
    """The law of the calibrated llr on genuine people; `talks`: a list of (end times, llrs, seconds) of one guest each.

    rho: intraclass correlation over windows that share no media. variance: of the model N(-v/2, v), the one for which simulated guests, heard as long as
    the real ones, reach every chart score in the people's upper tail at least as often as they do, and in excess by the least; where no variance does so at the measured rho, rho is raised until one does.
    `own_length`: simulated guests are heard as long as the real ones one by one (in four groups), not all for the median.
    """
    apart = [np.asarray(llr)[:: int(independence_s / HOP_S)] for _, llr, _ in talks]
    rho, own, within = metrics.intraclass(apart)
    every = np.concatenate([llr for _, llr, _ in talks])
    heard = np.sort([s for _, _, s in talks])
    lengths = [float(np.median(part)) for part in np.array_split(heard, 4)] if own_length else [float(np.median(heard))]
    measured_rho, found = rho, None
    for raised in np.arange(max(rho, 0.05), 0.951, 0.05):
        peaks = np.array([max(chart(t, x, raised, independence_s=independence_s)) for t, x, _ in talks])
        heights = np.array([h for h in np.arange(0.25, 4.01, 0.125) if np.sum(peaks >= h) >= 2 and np.mean(peaks >= h) <= TAIL])
        if not len(heights):
            heights = np.array([max(float(np.quantile(peaks, 1 - TAIL)), 0.25)])
        real = np.array([np.mean(peaks >= h) for h in heights])
        for variance in np.arange(0.2, 12.01, 0.2):
            model = np.concatenate([simulate(variance, raised, s, 4000 // len(lengths), np.random.default_rng(seed), independence_s=independence_s) for s in lengths])
            share = np.array([np.mean(model >= h) for h in heights])
            if np.all(share >= real):
                excess = float(np.mean(share - real))
                if found is None or excess < found["excess"]:
                    found = dict(variance=float(variance), rho=float(raised), excess=excess)
        if found:
            break
    found = found or dict(variance=float(np.var(every)), rho=0.95, excess=float("nan"))
    return dict(variance=round(found["variance"], 2), rho=round(found["rho"], 3), epsilon=round(epsilon, 3), independence_s=independence_s, hop_s=HOP_S), dict(
        measured_rho=measured_rho, own=own, within=within, mean=float(np.mean(every)), variance=float(np.var(every)), guests=len(talks),
        seconds=float(sum(s for _, _, s in talks)), excess=found["excess"])


@functools.lru_cache(maxsize=8)
def peaks(variance, rho, seconds, independence_s, guests, seed):
    """Highest chart scores of simulated genuine guests, in parts so that they fit in memory."""
    return np.concatenate([simulate(variance, rho, seconds, guests // 10, np.random.default_rng([seed, i]), independence_s=independence_s) for i in range(10)])


def threshold(a_law, share, seconds, seed=5, guests=60_000):
    """The chart score that at most `share` of simulated genuine guests reach in a call of that length (what the program finds by importance sampling)."""
    return float(np.quantile(peaks(a_law["variance"], a_law["rho"], seconds, a_law["independence_s"], guests, seed), 1 - share))
