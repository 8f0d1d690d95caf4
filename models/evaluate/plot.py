"""The DET plot (miss against false alarm, normal deviates on both axes, one line a condition) and the curve of delays."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
POINTS = 120  # enough for the eye; keeps the file small


def det(curves, path):
    """`curves`: name to (genuine scores, synthetic scores)."""
    plt.rcParams.update({"svg.hashsalt": "callguard", "font.size": 9, "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(5, 5))
    for name, (genuine, synthetic) in curves.items():
        cuts = np.quantile(np.concatenate([genuine, synthetic]), np.linspace(0, 1, POINTS))
        alarm = np.array([np.mean(genuine > c) for c in cuts])
        miss = np.array([np.mean(synthetic <= c) for c in cuts])
        inside = (alarm > 0) & (miss > 0) & (alarm < 1) & (miss < 1)
        axes.plot(norm.ppf(alarm[inside]), norm.ppf(miss[inside]), label=name, linewidth=1.3)
    ends = norm.ppf([0.008, 0.55])
    axes.plot(ends, ends, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlim=ends, ylim=ends, xticks=norm.ppf(TICKS), yticks=norm.ppf(TICKS), xlabel="genuine clips above the threshold, %", ylabel="synthetic clips missed, %")
    axes.set_xticklabels([f"{100 * t:g}" for t in TICKS])
    axes.set_yticklabels([f"{100 * t:g}" for t in TICKS])
    axes.grid(color="0.9", linewidth=0.6)
    axes.legend(frameon=False)
    axes.set_aspect("equal")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def delay(report, path):
    """`report`: promise to the seconds after which talks were flagged, and how many talks there are."""
    plt.rcParams.update({"svg.hashsalt": "callguard", "font.size": 9, "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(5, 3.6))
    for promise, found in report.items():
        seconds = [0, *found["seconds"], 60]
        share = 100 * np.concatenate([np.arange(len(seconds) - 1), [len(seconds) - 2]]) / found["n"]
        axes.step(seconds, share, where="post", label=f"{100 * float(promise):g} % of genuine guests", linewidth=1.3)
    axes.set(xlim=(0, 60), ylim=(0, 100), xlabel="seconds of synthetic speech", ylabel="synthetic talks flagged, %")
    axes.grid(color="0.9", linewidth=0.6)
    axes.legend(frameon=False, title="promise: in 10 min at most")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
