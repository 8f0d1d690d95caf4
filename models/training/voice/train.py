#!/usr/bin/env python3
"""Trains the voice-clone network; the same recipe and length for every fold and for the shipped model, so that the folds' calibration carries over.

usage: train.py WORK --data DATA --name NAME [--fold K] [--steps N] [--pairs N] [--seconds S] [--threads N] [--seed N]
Resumes from WORK/runs/NAME/last.pt; a step's batch depends on seed and step alone, so an interrupted run sees what an uninterrupted one would.
Writes WORK/runs/NAME/{last.pt,net.pt,log.csv}; net.pt holds the weight average.
"""

import argparse
import copy
import pathlib
import sys
import time

import numpy as np
import torch

import batches
import folds
from net import RATE_HZ, VoiceNet

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import loop

PEAK_RATE, DECAY, CLIP = 1e-3, 1e-3, 3.0


def mask(planes, masked):
    for i, bands in enumerate(masked):
        for start, width in bands:
            planes[i, :, start : start + width] = 0
    return planes


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--data", type=pathlib.Path)
    ap.add_argument("--name", required=True)
    ap.add_argument("--fold", type=int)
    ap.add_argument("--steps", type=int, default=1500)
    ap.add_argument("--pairs", type=int, default=16)
    ap.add_argument("--seconds", type=float, default=2.5)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=4)
    ap.add_argument("--from-scratch", action="store_true", help="without the pretrained backbone (smoke test only)")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = a.work / "runs" / a.name
    out.mkdir(parents=True, exist_ok=True)

    pool = batches.Pool(a.work)
    rows = folds.trains(pool.rows, a.fold, folds.fold_of_source())
    sampler = batches.Sampler(rows)
    genuine = [r for r in rows if r["label"] == "real"]
    augment = batches.Augment(a.data, int(a.seconds * RATE_HZ), lambda rng: pool.wave(batches.pick(rng, genuine), False))
    net = VoiceNet()
    if not a.from_scratch:
        net.load_backbone()
    for part in (net.stem, net.blocks):
        part.to(memory_format=torch.channels_last)
    ema = copy.deepcopy(net).eval()
    optimiser, checkpoint = loop.optimiser_of(net, PEAK_RATE, DECAY), loop.Checkpoint(out)
    first = checkpoint.resume(net, ema, optimiser)
    print(f"{a.name}: {len(rows)} of {len(pool.rows)} rows, steps {first} to {a.steps}", flush=True)

    def make(step):
        return batches.batch(pool, sampler, augment, np.random.default_rng([a.seed, step]), a.pairs)

    net.train()
    began, seen = time.time(), []
    for step, (samples, label, same, masked, _) in enumerate(loop.prefetch(make, first, a.steps), first):
        for group in optimiser.param_groups:
            group["lr"] = loop.rate(step, a.steps, PEAK_RATE)
        with torch.no_grad():
            planes = mask(net.front(samples), masked).contiguous(memory_format=torch.channels_last)
        logit = net.head(net.blocks(net.stem(planes)))
        loss = loop.loss_of(logit, label, same)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimiser.step()
        loop.average(ema, net, step)
        gap = logit.detach()
        seen.append((float(loss), float(((gap > 0) == (label > 0.5)).float().mean()), float((gap[1::2] > gap[0::2]).float().mean())))
        if (step + 1) % 25 == 0 or step + 1 == a.steps:
            mean = np.mean(seen[-25:], 0)
            with open(out / "log.csv", "a") as f:
                f.write(f"{step + 1},{mean[0]:.4f},{mean[1]:.4f},{mean[2]:.4f},{time.time() - began:.0f}\n")
            print(f"{a.name} step {step + 1} loss {mean[0]:.3f} right {mean[1]:.3f} in order {mean[2]:.3f} {(time.time() - began) / (step + 1 - first):.2f} s/step", flush=True)
        if (step + 1) % 50 == 0 or step + 1 == a.steps:
            checkpoint.keep(net, ema, optimiser, step + 1)
    torch.save(ema.state_dict(), out / "net.pt")


if __name__ == "__main__":
    main()
