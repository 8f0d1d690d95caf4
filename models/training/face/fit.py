#!/usr/bin/env python3
"""Trains the face-forgery network; the same recipe and length for every fold and for the shipped model, so that the folds' calibration carries over.

usage: fit.py WORK --name NAME [--fold K] [--without SOURCE] [--large SHARE] [--steps N] [--pairs N] [--device D] [--workers N] [--threads N] [--seed N]
Resumes from WORK/runs/NAME/last.pt; a step's batch depends on seed and step alone. Writes WORK/runs/NAME/{last.pt,net.pt,log.csv}; net.pt holds the weight average. A fold's log shows its AUC on the
systems that it leaves out: to be looked at, never to stop or choose by.
"""

import argparse
import collections
import copy
import csv
import pathlib
import sys
import time

import cv2
import numpy as np
import torch

import facefolds
import pairs
from facenet import FaceNet

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import loop

PEAK_RATE, DECAY, CLIP, LOOK = 6e-4, 1e-3, 3.0, 120


def floats(crops, device="cpu"):
    x = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float()
    return ((x - 127) / 128).contiguous(memory_format=torch.channels_last)


def looked_at(work, rows, each=3):
    """A few crops of every tested clip"""
    crops, owner = [], []
    for r in rows:
        path = work / "frames" / f"{r['id']}-plain.npz"
        taken = np.load(path)["crops"] if r["kind"] == "clip" and path.is_file() else []
        for i in np.linspace(0, len(taken) - 1, each).astype(int) if len(taken) else []:
            crops.append(taken[i])
            owner.append(r)
    return (np.stack(crops) if crops else None), owner


def look(net, crops, owner):
    """AUC of clips, pooled and by system"""
    if crops is None:
        return "nothing to look at"
    device = next(net.parameters()).device
    with torch.no_grad():
        logit = np.concatenate([net(torch.from_numpy(crops[i : i + 64]).to(device))[:, 0].cpu().numpy() for i in range(0, len(crops), 64)])
    score, of = collections.defaultdict(list), {}
    for x, r in zip(logit, owner):
        score[r["id"]].append(x)
        of[r["id"]] = r
    real = np.array([np.mean(v) for k, v in score.items() if of[k]["label"] == "real"])
    by = collections.defaultdict(list)
    for k, v in score.items():
        if of[k]["label"] == "fake":
            by[of[k]["system"]].append(np.mean(v))
    if not len(real) or not by:
        return "nothing to look at"
    auc = lambda v: np.mean([(np.sum(real < x) + 0.5 * np.sum(real == x)) / len(real) for x in v])
    return f"pooled {auc(sum(by.values(), [])):.3f} " + " ".join(f"{s[:14]} {auc(v):.2f}" for s, v in sorted(by.items()) if len(v) >= 5)


def train(net, out, make, a, about, look=None):
    """Trains a network that has `logit` and `load_backbone` on pairs; `make` gives crops (2i genuine, 2i + 1 not) and what kind each pair is, `a` are the command's options, `about` says what is learnt from, and `look` what the weight average makes of what is left out."""
    if not a.from_scratch:
        net.load_backbone()
    net.to(a.device, memory_format=torch.channels_last)
    ema = copy.deepcopy(net).eval()
    optimiser, checkpoint = loop.optimiser_of(net, PEAK_RATE, DECAY), loop.Checkpoint(out)
    first = checkpoint.resume(net, ema, optimiser)
    print(f"{a.name}: {about}; steps {first} to {a.steps}", flush=True)

    net.train()
    label, same = torch.tensor([0.0, 1.0] * a.pairs, device=a.device), torch.ones(a.pairs, dtype=torch.bool, device=a.device)
    began, seen, order = time.time(), [], collections.defaultdict(lambda: collections.deque(maxlen=200))
    for step, (crops, kinds) in enumerate(loop.prefetch(lambda step: make(np.random.default_rng([a.seed, step])), first, a.steps, a.workers), first):
        for group in optimiser.param_groups:
            group["lr"] = loop.rate(step, a.steps, PEAK_RATE)
        logit = net.logit(floats(crops, a.device))
        loss = loop.loss_of(logit, label, same)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in net.parameters() if p.grad is not None], CLIP)
        optimiser.step()
        loop.average(ema, net, step)
        gap = (logit[1::2] - logit[0::2]).detach().cpu().numpy()
        seen.append((float(loss.detach()), float(np.mean(gap > 0))))
        for kind, g in zip(kinds, gap):
            order[kind].append(g > 0)
        if (step + 1) % 25 == 0 or step + 1 == a.steps:
            mean, pace = np.mean(seen[-25:], 0), (time.time() - began) / (step + 1 - first)
            with open(out / "log.csv", "a") as f:
                f.write(f"{step + 1},{mean[0]:.4f},{mean[1]:.4f},{time.time() - began:.0f}\n")
            print(f"{a.name} step {step + 1} loss {mean[0]:.3f} in order {mean[1]:.3f} ({' '.join(f'{k} {np.mean(v):.2f}' for k, v in sorted(order.items()))}) {pace:.2f} s/step", flush=True)
            checkpoint.keep(net, ema, optimiser, step + 1)
        if look and ((step + 1) % LOOK == 0 or step + 1 == a.steps):
            print(f"{a.name} step {step + 1} left out: {look(ema)}", flush=True)
    torch.save(ema.cpu().state_dict(), out / "net.pt")


def begun(ap, steps, pairs):
    """(the command's options, with those that every such training has; the run's folder), seeded"""
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--name", required=True)
    ap.add_argument("--fold", type=int)
    ap.add_argument("--steps", type=int, default=steps)
    ap.add_argument("--pairs", type=int, default=pairs)
    ap.add_argument("--device", default="cpu")
    ap.add_argument("--workers", type=int, default=0, help="processes that make batches (0: a thread)")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=4)
    ap.add_argument("--from-scratch", action="store_true", help="without the pretrained backbone (smoke test only)")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(a.seed)
    out = a.work / "runs" / a.name
    out.mkdir(parents=True, exist_ok=True)
    return a, out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--without", help="a source whose rows, systems and people are left out as well")
    ap.add_argument("--large", type=float, default=0.0, help="share of the pairs that are augmented at a larger size and then shrunk")
    a, out = begun(ap, 320, 16)

    rows, folds = list(csv.DictReader(open(a.work / "pictures.csv"))), facefolds.table()
    learnt = facefolds.trains(rows, a.fold, folds)
    pool = pairs.Pool(a.work, facefolds.without(learnt, a.without) if a.without else learnt)
    shown = looked_at(a.work, facefolds.tested(rows, a.fold, folds) if a.fold is not None else [])
    net = FaceNet()
    train(net, out, lambda rng: pairs.batch(pool, rng, a.pairs, a.large), a, pool, lambda ema: look(ema, *shown))


if __name__ == "__main__":
    main()
