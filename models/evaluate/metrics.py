"""Figures of merit of scores that rise with "synthetic"."""

import numpy as np


def eer(genuine, synthetic):
    """Equal error rate: where the share of genuine above the threshold meets the share of synthetic at or below it."""
    scores = np.concatenate([genuine, synthetic])
    labels = np.concatenate([np.zeros(len(genuine)), np.ones(len(synthetic))])
    order = np.argsort(scores, kind="stable")
    miss = np.concatenate([[0], np.cumsum(labels[order])]) / len(synthetic)
    alarm = 1 - np.concatenate([[0], np.cumsum(1 - labels[order])]) / len(genuine)
    at = int(np.argmin(np.abs(miss - alarm)))
    return float((miss[at] + alarm[at]) / 2)


def auc(genuine, synthetic):
    """Share of (genuine, synthetic) pairs in order; ties count half."""
    ranked = np.sort(genuine)
    below = np.searchsorted(ranked, synthetic, "left")
    upto = np.searchsorted(ranked, synthetic, "right")
    return float(np.mean((below + upto) / 2) / len(genuine))


def min_dcf(genuine, synthetic, prior=0.05, miss=1.0, alarm=10.0):
    """Least normalised detection cost with ASVspoof 5's prior and costs (Wang et al. 2024, track 1). There the *miss* is a genuine speaker refused, and the *false alarm* a spoof let through:
    the other way round than in the rest of this page."""
    cuts = np.concatenate([[-np.inf], np.unique(np.concatenate([genuine, synthetic]))])
    refused = 1 - np.searchsorted(np.sort(genuine), cuts, "right") / len(genuine)
    passed = np.searchsorted(np.sort(synthetic), cuts, "right") / len(synthetic)
    cost = miss * (1 - prior) * refused + alarm * prior * passed
    return float(cost.min() / min(miss * (1 - prior), alarm * prior))


def cllr(genuine, synthetic, w_genuine=None, w_synthetic=None):
    """Log-likelihood-ratio cost in bits (Brummer & du Preez 2006), classes at 1/2; 1 says nothing."""
    g = np.average(np.logaddexp(0, np.asarray(genuine)), weights=w_genuine)
    s = np.average(np.logaddexp(0, -np.asarray(synthetic)), weights=w_synthetic)
    return float((g + s) / 2 / np.log(2))


def min_cllr(genuine, synthetic, w_genuine=None, w_synthetic=None):
    """Cllr after the best monotone recalibration (pool adjacent violators)."""
    from sklearn.isotonic import IsotonicRegression

    wg = np.full(len(genuine), 1 / len(genuine)) if w_genuine is None else np.asarray(w_genuine) / np.sum(w_genuine)
    ws = np.full(len(synthetic), 1 / len(synthetic)) if w_synthetic is None else np.asarray(w_synthetic) / np.sum(w_synthetic)
    x, y, w = np.concatenate([genuine, synthetic]), np.r_[np.zeros(len(genuine)), np.ones(len(synthetic))], np.concatenate([wg, ws])
    p = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(x, y, w).predict(x)
    p = np.clip(p, 1e-6, 1 - 1e-6)
    llr = np.log(p / (1 - p))
    return cllr(llr[: len(genuine)], llr[len(genuine) :], wg, ws)


def inside(scores, labels, sources, least=4):
    """AUC inside each source that has at least `least` of both classes, averaged by the smaller class; and how many sources that is."""
    values, weights = [], []
    for source in np.unique(sources):
        here = sources == source
        g, s = scores[here & (labels == 0)], scores[here & (labels == 1)]
        if min(len(g), len(s)) >= least:
            values.append(auc(g, s))
            weights.append(np.sqrt(min(len(g), len(s))))
    return (float(np.average(values, weights=weights)), len(values)) if values else (float("nan"), 0)


def parts(quality, count=5):
    """Which of `count` parts, equally full, each value lies in: 0 has the lowest."""
    return np.searchsorted(np.quantile(quality, np.arange(1, count) / count), quality, "left")


def within(genuine, synthetic, g_part, s_part):
    """AUC of what lies in the same part, averaged over the parts that hold both classes."""
    both = np.intersect1d(g_part, s_part)
    return float(np.mean([auc(genuine[g_part == p], synthetic[s_part == p]) for p in both])) if len(both) else float("nan")


def bootstrap(figure, scores, labels, sources, systems, rounds=300, seed=4):
    """95 % interval of figure(scores, labels, sources) when genuine sources and synthetic systems are drawn anew (not clips)."""
    rng = np.random.default_rng(seed)
    groups = {0: sources, 1: np.char.add(np.char.add(systems.astype(str), "@"), sources.astype(str))}
    units = {c: [np.flatnonzero((labels == c) & (groups[c] == u)) for u in np.unique(groups[c][labels == c])] for c in (0, 1)}
    found = []
    for _ in range(rounds):
        picked = np.concatenate([units[c][i] for c in (0, 1) for i in rng.integers(0, len(units[c]), len(units[c]))])
        value = figure(scores[picked], labels[picked], sources[picked])
        if np.isfinite(value):
            found.append(value)
    return tuple(float(v) for v in np.percentile(found, [2.5, 97.5]))


def macro(scores, labels, sources, systems, least=4, rounds=300, seed=4):
    """(AUC of every system that has `least` clips, against all genuine ones; their mean; its 95 % interval when systems and genuine sources are drawn anew)"""
    genuine, of = scores[labels == 0], sources[labels == 0]
    names = [s for s in np.unique(systems[labels == 1]) if (systems == s).sum() >= least]
    each = {s: auc(genuine, scores[systems == s]) for s in names}
    rng, units, means = np.random.default_rng(seed), [np.flatnonzero(of == s) for s in np.unique(of)], []
    for _ in range(rounds):
        drawn = genuine[np.concatenate([units[i] for i in rng.integers(0, len(units), len(units))])]
        means.append(np.mean([auc(drawn, scores[systems == names[i]]) for i in rng.integers(0, len(names), len(names))]))
    return each, float(np.mean(list(each.values()))), tuple(float(v) for v in np.percentile(means, [2.5, 97.5]))


def mean_interval(values, units, rounds=1000, seed=4):
    """95 % interval of the mean when units (people, systems), not values, are drawn anew."""
    values, units, rng = np.asarray(values, float), np.asarray(units), np.random.default_rng(seed)
    groups = [values[units == u] for u in np.unique(units)]
    means = [np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))]).mean() for _ in range(rounds)]
    return tuple(float(v) for v in np.percentile(means, [2.5, 97.5]))


def intraclass(groups):
    """One-way random-effects intraclass correlation of lists of values, one list a guest (unequal sizes: Donner 1986)."""
    groups = [np.asarray(g, float) for g in groups if len(g) > 1]
    n = np.array([len(g) for g in groups])
    total, k = n.sum(), len(groups)
    grand = np.concatenate(groups).mean()
    between = sum(len(g) * (g.mean() - grand) ** 2 for g in groups) / (k - 1)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (total - k)
    size = (total - (n**2).sum() / total) / (k - 1)
    own = max((between - within) / size, 0.0)
    return float(own / (own + within)), float(own), float(within)
