#!/usr/bin/env python3
"""Measures the face detector on people and photographs left out of training, beside YuNet.

usage: face_detector.py DATA WORK MODEL --yunet-n FILE --yunet-s FILE [--list LIST] [--talks FOLDER]
The split is LIST (models/cards/face-detector-data.csv). The score threshold is chosen on its rows of role "val"; every figure is of role "test".
What YuNet-n says counts as truth about faces; of pictures made harder (face_hard.py), what it said before. A box in a frame or recording is false
where YuNet-n sees nothing, even unsure, and nothing in the grey picture brightened either: a face in the dark that only the detector sees is no
false box. FOLDER is where originals.py put what more.csv names: genuine people for minutes at a time, never trained on. Writes
WORK/eval/face-detector.json and prints it.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import sys
import time

import cv2
import numpy as np
import onnx
import onnxruntime
from scipy.stats import chi2

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "training" / "face_detector"))

import boxes
import face_hard
import teacher
from measure import exact
from teacher import SIDE

UNSURE = 0.3  # score of YuNet-n below which nothing speaks for a face
BRIGHTER = np.repeat(np.rint(255 * np.sqrt(np.arange(256) / 255)).astype(np.uint8)[:, None], 3, 1)  # luma to a grey pixel: a gamma of a half
TRUTH = 0.6  # score from which a face of YuNet-n counts; what its authors' demonstrations use
LEAST = 40  # px, side of the faces the goal speaks of
MATCH = 0.5  # overlap from which a face is found
FALSE_PER_100 = 0.5  # on val, so that test has room below one
GRID = np.round(np.arange(0.30, 0.92, 0.02), 2)
BANDS = ((16, 24), (24, 40), (40, 80), (80, 160), (160, 400))
CROP_SIDES = (320, 160, 80)  # px a face crop is scaled to, by its name
SHRUNK = 120  # px, longest side of a frame in the condition "shrunk"
UTK_EVERY = 4
ROUNDS = 1000


def fitted(image, side=SIDE):
    """The picture's longest side made `side` px, at the top left of a black canvas."""
    scale = side / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return canvas


def read(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def people(data, work, rows):
    """(condition, person, picture) of everything that shows a face."""
    for r in rows:
        path = data / r["origin"]
        if path.suffix == ".mp4":
            for frame in sorted((work / "frames").glob(f"{path.stem}-*.png")):
                image = read(frame)
                yield "clips", r["person"], fitted(image)
                yield "clips shrunk", r["person"], fitted(image, SHRUNK)
        elif r["origin"].startswith("faces/"):
            at = int(hashlib.md5(r["origin"].encode()).hexdigest()[:8], 16)
            if r["person"] or at // 8 % UTK_EVERY == 0:
                yield "crops of named people" if r["person"] else "crops of unnamed people", r["person"] or r["origin"], fitted(read(path), CROP_SIDES[at % 3])


def empty(data, rows):
    """(condition, picture): photographs without faces as they come, and four windows of each."""
    for r in rows:
        if r["origin"].startswith("negatives/"):
            image = read(data / r["origin"])
            h, w = image.shape[0] * 3 // 5, image.shape[1] * 3 // 5
            yield "whole", fitted(image)
            for window in (image[:h, :w], image[:h, -w:], image[-h:, :w], image[-h:, -w:]):
                yield "windows", fitted(window)


class Ours:
    def __init__(self, path):
        self.session = teacher.session(path)

    def faces(self, picture):
        return self.session.run(None, {"picture": picture[None]})[0][0]


def compare(truth, found):
    """For each face of the truth: (side px, found?, landmark error)."""
    for face in truth:
        side = float(np.sqrt(face[3] * face[4]))
        overlap = boxes.overlap(face[1:5], found[:, 1:5]) if len(found) else np.zeros(1)
        best = int(overlap.argmax())
        if overlap[best] < MATCH:
            yield side, False, np.nan
            continue
        a, b = face[5:].reshape(5, 2), found[best, 5:].reshape(5, 2)
        scale = np.linalg.norm(a[:2].mean(0) - a[3:].mean(0))
        yield side, True, float(np.linalg.norm(a - b, axis=1).mean() / max(scale, 1.0))


def threshold_of(model, pictures):
    """The lowest threshold at which photographs without faces give no more false boxes than allowed."""
    said = [boxes.suppress(model.faces(p), GRID[0])[:, 0] for p in pictures]
    for threshold in GRID:
        # Taking away the lowest scores takes no better box away, so suppression need not be done again.
        if 100 * sum((s >= threshold).sum() for s in said) <= FALSE_PER_100 * len(pictures):
            return float(threshold)
    raise SystemExit("no threshold keeps false boxes that rare")


def share(found, persons):
    """Recall, and its 95 % interval over people drawn anew; where every face was found, which no draw can vary, exact for as many people with a face each."""
    names, index = np.unique(persons, return_inverse=True)
    hits, all_of = np.bincount(index, found, len(names)), np.bincount(index, minlength=len(names))
    draws = np.random.default_rng(4).integers(0, len(names), (ROUNDS, len(names)))
    rates = hits[draws].sum(1) / all_of[draws].sum(1)
    interval = list(exact(len(names), len(names))) if hits.sum() == all_of.sum() else np.percentile(rates, [2.5, 97.5]).tolist()
    return dict(recall=float(hits.sum() / all_of.sum()), recall_95=interval, faces=int(all_of.sum()), people=len(names))


def rate(count, n, per=100):
    """False boxes per 100 pictures (or per 10 of n minutes) with the exact 95 % interval of a Poisson count."""
    low, high = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0, chi2.ppf(0.975, 2 * count + 2) / 2
    return dict(boxes=int(count), of=n, rate=per * count / n, rate_95=[float(per * low / n), float(per * high / n)])


def faces_of(model, threshold, shown, truths):
    table = []
    for (condition, person, picture), truth in zip(shown, truths):
        found = boxes.suppress(model.faces(picture), threshold)
        table += [(condition, person, *row) for row in compare(truth, found)]
    condition, person, side, found, error = map(np.array, zip(*table))
    out = {}
    for name in dict.fromkeys(condition):
        here = (condition == name) & (side >= (BANDS[0][0] if name in ("clips shrunk", *face_hard.SMALL) else LEAST))
        if here.any():
            errors = error[here & found]
            out[name] = dict(share(found[here], person[here]), landmarks=float(errors.mean()), landmarks_95th=float(np.percentile(errors, 95))) if found[here].any() else share(found[here], person[here])
    bands = {}
    for low, high in BANDS:
        here = (side >= low) & (side < high)
        if found[here].any():
            bands[f"{low}-{high}"] = dict(share(found[here], person[here]), landmarks=float(error[here & found].mean()))
    return dict(conditions=out, sides=bands)


def brightened(picture):
    return BRIGHTER[cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)]


def hinted(yunet, pictures):
    """The faces of each picture that YuNet-n sees, even unsure, as it is or brightened."""
    return [np.concatenate([boxes.suppress(yunet.faces(p), UNSURE) for p in (picture, brightened(picture))]) for picture in pictures]


def spare(model, threshold, pictures, unsure):
    """How many boxes no face of YuNet-n explains, even one it is unsure of."""
    count = 0
    for picture, truth in zip(pictures, unsure):
        for face in boxes.suppress(model.faces(picture), threshold):
            count += not len(truth) or boxes.overlap(face[1:5], truth[:, 1:5]).max() < boxes.SAME_FACE
    return count


def cost(graphs, rounds=150):
    """Median milliseconds of processor time a picture on one thread; the clock would count what else the machine does. Taken in turns."""
    taken = {name: [] for name in graphs}
    for _ in range(rounds):
        for name, (graph, given) in graphs.items():
            began = time.process_time()
            graph.run(None, given)
            taken[name].append(1e3 * (time.process_time() - began))
    return {name: float(np.median(t[10:])) for name, t in taken.items()}


def parameters(path):
    """Numbers that convolutions hold: those of the decoding are no parameters."""
    graph = onnx.load(path).graph
    held = {name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]}
    return int(sum(np.prod(w.dims) for w in graph.initializer if w.name in held))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("--yunet-n", required=True)
    ap.add_argument("--yunet-s", required=True)
    ap.add_argument("--list", type=pathlib.Path, default=HERE.parent / "cards" / "face-detector-data.csv")
    ap.add_argument("--talks", type=pathlib.Path)
    a = ap.parse_args()
    cv2.setNumThreads(1)
    rows = list(csv.DictReader(open(a.list)))
    sides = {role: [r for r in rows if r["role"] == role] for role in ("val", "test")}
    models = {"face-detector": Ours(a.model), "YuNet-s": teacher.Teacher(a.yunet_s), "YuNet-n": teacher.Teacher(a.yunet_n)}
    val_empty = [p for _, p in empty(a.data, sides["val"])]
    shown, test_empty = list(people(a.data, a.work, sides["test"])), list(empty(a.data, sides["test"]))
    yunet = models["YuNet-n"]
    truths = [boxes.suppress(yunet.faces(p), TRUTH) for *_, p in shown]
    listed = boxes.listed(a.data / "faces" / "faces.csv")
    crops = [(r["person"], read(a.data / r["origin"]), listed[r["origin"]]) for r in sides["test"] if r["person"] and r["origin"] in listed]
    hard = list(zip(*[*face_hard.harder(shown, truths), *face_hard.small(crops), *face_hard.mosaics(crops, yunet, TRUTH)]))
    frames = [p for condition, _, p in shown if condition == "clips"]
    talk = [p for recording in (face_hard.recordings(a.talks) if a.talks else []) for p in recording]
    unsure = {"frames": hinted(yunet, frames), "talk": hinted(yunet, talk)}
    report = dict(sha256=hashlib.sha256(a.model.read_bytes()).hexdigest(), bytes=a.model.stat().st_size, onnxruntime=onnxruntime.__version__, models={})
    for name, model in models.items():
        threshold = threshold_of(model, val_empty)
        out = dict(threshold=threshold, **faces_of(model, threshold, shown, truths), hard=faces_of(model, threshold, *hard)["conditions"], empty={})
        out["spare"] = rate(spare(model, threshold, frames, unsure["frames"]), len(frames))
        if talk:
            out["talk"] = rate(spare(model, threshold, talk, unsure["talk"]), len(talk) / face_hard.PER_SECOND / 60, per=10)
        for condition in ("whole", "windows"):
            here = [p for c, p in test_empty if c == condition]
            out["empty"][condition] = rate(sum(len(boxes.suppress(model.faces(p), threshold)) for p in here), len(here))
        report["models"][name] = out
    black = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    given = {"face-detector": {"picture": black}, "YuNet-s": {"input": np.zeros((1, 3, SIDE, SIDE), np.float32)}, "YuNet-n": {"input": np.zeros((1, 3, SIDE, SIDE), np.float32)}}
    for name, ms in cost({name: (m.session, given[name]) for name, m in models.items()}).items():
        report["models"][name]["processor_ms"] = ms
    for name, path in (("face-detector", a.model), ("YuNet-s", a.yunet_s), ("YuNet-n", a.yunet_n)):
        report["models"][name]["parameters"] = parameters(path)
    out = a.work / "eval" / "face-detector.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
