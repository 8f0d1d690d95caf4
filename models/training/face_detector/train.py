#!/usr/bin/env python3
"""Trains the face detector on scenes made anew for every step, to say what the teacher says of them.

usage: train.py DATA WORK LIST --teacher YUNET.onnx --name NAME [--device cpu|cuda] [--workers N] [--steps N] [--batch N] [--threads N] [--seed N]
LIST is models/cards/face-detector-data.csv; only its rows of role "train" are read. Resumes from WORK/runs/NAME/last.pt. With --workers, as many
other processes make the batches; a step's batch depends on seed and step alone. Writes WORK/runs/NAME/{last.pt,net.pt,log.csv}; net.pt holds the
weight average.
"""

import argparse
import copy
import csv
import pathlib
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import boxes
import scenes
from detector import FaceDetector
from teacher import Teacher

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import loop

PEAK_RATE, DECAY, WARM_UP, CLIP = 3e-3, 5e-4, 200, 5.0
KEEP = 0.998  # of the weight average, a step
PLACE_WEIGHT, POINT_WEIGHT = 1.5, 10.0


def read(path):
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"train.py: {path} is missing or no picture; the list names it")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def material(data, work, found):
    """Crops with their face, frames of clips, photographs without faces."""
    listed = boxes.listed(data / "faces" / "faces.csv")
    faces, frames, empty = [], [], []
    for r in found:
        if r["role"] != "train":
            continue
        path = data / r["origin"]
        if r["origin"] in listed:
            faces.append((read(path), listed[r["origin"]]))
        elif r["origin"].startswith("negatives/"):
            empty.append(read(path))
        elif path.suffix == ".mp4":
            frames += [read(f) for f in sorted((work / "frames").glob(f"{path.stem}-*.[jp][pn]g"))]
        else:
            frames.append(read(path))
    return faces, frames, empty


def maker(pictures, teacher, size, seed):
    """Gives the batch of a step: pictures, scores, weights, and of all anchors that have a face the index and the face. A process asks a teacher of its own."""
    scene = []

    def make(step):
        if not scene:
            scene.append(scenes.Maker(*pictures, Teacher(teacher)))
        rng = np.random.default_rng([seed, step])
        picture, target, weight, places, has = map(np.stack, zip(*(scene[0].labelled(rng) for _ in range(size))))
        return picture, target, weight, np.flatnonzero(has), places[has]

    return make


def loss_of(net, raw, target, weight, index, want):
    """Soft scores by quality focal loss; boxes by overlap and distance; landmarks by distance in face sizes."""
    logit = raw[:, 0]
    score = F.binary_cross_entropy_with_logits(logit, target, reduction="none") * (torch.sigmoid(logit) - target).abs() ** 2
    faces = target.sum().clamp(min=1.0)
    score = (score * weight).sum() / faces
    if not len(index):
        return score, score * 0, score * 0
    said = net.decode(raw).transpose(1, 2).flatten(0, 1)[index, 1:]
    sure = target.flatten()[index]
    side = torch.sqrt(want[:, 2] * want[:, 3]).clamp(min=4.0)[:, None]
    box = (1 - overlap(said, want)) + (said[:, :4] - want[:, :4]).abs().mean(1) / side[:, 0]
    points = ((said[:, 4:] - want[:, 4:]).abs() / side).mean(1)
    return score, PLACE_WEIGHT * (box * sure).sum() / sure.sum(), POINT_WEIGHT * (points * sure).sum() / sure.sum()


def overlap(a, b):
    low = torch.maximum(a[:, :2], b[:, :2])
    high = torch.minimum(a[:, :2] + a[:, 2:4], b[:, :2] + b[:, 2:4])
    shared = (high - low).clamp(min=0).prod(1)
    return shared / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared + 1e-6)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("list", type=pathlib.Path)
    ap.add_argument("--teacher", required=True)
    ap.add_argument("--name", required=True)
    ap.add_argument("--device", default="cpu")
    ap.add_argument("--workers", type=int, default=0)
    ap.add_argument("--steps", type=int, default=8000)
    ap.add_argument("--batch", type=int, default=32)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=4)
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(a.seed)
    out = a.work / "runs" / a.name
    out.mkdir(parents=True, exist_ok=True)

    faces, frames, empty = material(a.data, a.work, csv.DictReader(open(a.list)))
    net = FaceDetector().to(a.device)
    if a.device == "cpu":
        net = net.to(memory_format=torch.channels_last)
    ema = copy.deepcopy(net).eval()
    optimiser, checkpoint = loop.optimiser_of(net, PEAK_RATE, DECAY), loop.Checkpoint(out)
    first = checkpoint.resume(net, ema, optimiser)
    batches = loop.prefetch(maker((faces, frames, empty), a.teacher, a.batch, a.seed), first, a.steps, a.workers)
    print(f"{a.name}: {len(faces)} faces, {len(frames)} frames, {len(empty)} photographs without faces, steps {first} to {a.steps}", flush=True)

    net.train()
    began, seen = time.time(), []
    for step, batch in zip(range(first, a.steps), batches):
        for group in optimiser.param_groups:
            group["lr"] = loop.rate(step, a.steps, PEAK_RATE, WARM_UP)
        picture, target, weight, index, places = (torch.from_numpy(part).to(a.device) for part in batch)
        parts = loss_of(net, net.raw(picture), target, weight, index, places)
        optimiser.zero_grad()
        sum(parts).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimiser.step()
        loop.average(ema, net, step, KEEP)
        seen.append(torch.stack([p.detach() for p in parts]))
        if (step + 1) % 50 == 0 or step + 1 == a.steps:
            score, box, points = torch.stack(seen).mean(0).tolist()
            seen.clear()
            with open(out / "log.csv", "a") as f:
                f.write(f"{step + 1},{score:.4f},{box:.4f},{points:.4f},{time.time() - began:.0f}\n")
            print(f"{a.name} step {step + 1} score {score:.3f} box {box:.3f} points {points:.3f} {(time.time() - began) / (step + 1 - first):.2f} s/step", flush=True)
        if (step + 1) % 500 == 0 or step + 1 == a.steps:
            checkpoint.keep(net, ema, optimiser, step + 1)
    torch.save(ema.state_dict(), out / "net.pt")


if __name__ == "__main__":
    main()
