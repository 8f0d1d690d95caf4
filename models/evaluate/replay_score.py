#!/usr/bin/env python3
"""Windows of what each fold's face-replay network says of people, sources and presentations that it left out, and the published baseline beside it, from the crops that shots.py took.

usage: replay_score.py WORK --face FACE [--baseline FOLDER] [--images DATA --yunet GRAPH]
As the program does: a window ends every half second and is the mean of the crops of the second before, at least two of them. FOLDER holds MiniFASNet's two graphs (2.7_80x80_MiniFASNetV2.onnx,
4_0_0_80x80_MiniFASNetV1SE.onnx); DATA the few real replays that clips.csv names. Writes WORK/eval/windows.jsonl, looks.json (how many looks and windows each file had) and real.json.
"""

import argparse
import csv
import json
import pathlib
import sys

import cv2
import numpy as np

import face_score
import metrics
from face_score import session

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "training" / "replay"))
import shots
from replayfit import UNSEEN, facefolds

LEAST = 2
GRAPHS = {"baseline27": "2.7_80x80_MiniFASNetV2.onnx", "baseline40": "4_0_0_80x80_MiniFASNetV1SE.onnx"}


class Baseline:
    """MiniFASNet V2 and V1SE: the log odds of "not live" of their summed softmax, for every crop"""

    def __init__(self, folder):
        self.graphs = {k: session(folder / name) for k, name in GRAPHS.items()} if folder else {}

    def __call__(self, taken):
        if not self.graphs:
            return np.zeros(len(taken["crops"]))
        live = np.zeros(len(taken["crops"]))
        for key, graph in self.graphs.items():
            x = taken[key][..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)  # blue first
            live += np.concatenate([graph.run(None, {graph.get_inputs()[0].name: x[i : i + 16]})[0][:, 1] for i in range(0, len(x), 16)]) / len(self.graphs)
        live = np.clip(live, 1e-6, 1 - 1e-6)
        return np.log((1 - live) / live)


def windows(facts, covers=None):
    """(to_s, indices of the looks); `covers` where a face's tight crop was kept to tell"""
    return face_score.windows(facts, [f["sharpness"] for f in facts], LEAST, covers)


def real(work, data, yunet, baseline, folds):
    """The few replays that were really recorded: crops of one source, against its own live ones; and one recording of another."""
    rows = [r for r in csv.DictReader(open(data / "clips.csv")) if r["kind"] == "image" or r["label"] == "replay"]
    sight, found = shots.eyes.Eyes(yunet), {}
    graphs = {k: session(work / "runs" / f"fold{k}" / "face-replay.onnx") for k in range(facefolds.FOLDS)}
    for r in rows:
        if r["kind"] == "image":
            pictures, times = [cv2.imread(str(data / r["path"]))[..., ::-1]], [0.0]
            pictures = [np.ascontiguousarray(cv2.copyMakeBorder(pictures[0], *[pictures[0].shape[0] // 4] * 4, cv2.BORDER_CONSTANT))]
        else:
            times, pictures = zip(*shots.looks(dict(path=data / r["path"], seconds=r["seconds"], kind="clip")))
        taken = shots.seen(pictures, times, sight)
        if not len(taken["crops"]):
            found.setdefault(r["source_repo"], []).append(dict(label=r["label"], kind=r["kind"], face=False))
            continue
        # A source that training knows is judged by the network that left it out.
        fold = facefolds.fold_of(dict(source=r["source_repo"], person=r["person"]), folds)
        said = [float(face_score.score_of(g, taken["crops"]).mean()) for k, g in graphs.items() if fold in (None, k)]
        found.setdefault(r["source_repo"], []).append(dict(label=r["label"], kind=r["kind"], face=True, logit=float(np.mean(said)), each=said, baseline=float(baseline(taken).mean())))
    out = {}
    for source, answers in found.items():
        seen = [a for a in answers if a["face"]]
        g, f = ([a for a in seen if (a["label"] == "replay") == replay] for replay in (False, True))
        out[source] = dict(n=len(answers), faces=len(seen), genuine=len(g), replays=len(f), answers=seen)
        if g and f:
            for name in ("logit", "baseline"):
                a, b = np.array([x[name] for x in g]), np.array([x[name] for x in f])
                draws = np.random.default_rng(4)
                spread = [metrics.auc(draws.choice(a, len(a)), draws.choice(b, len(b))) for _ in range(300)]
                out[source][name] = dict(auc=metrics.auc(a, b), auc_95=[float(v) for v in np.percentile(spread, [2.5, 97.5])], eer=metrics.eer(a, b))
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--face", type=pathlib.Path, required=True)
    ap.add_argument("--baseline", type=pathlib.Path)
    ap.add_argument("--images", type=pathlib.Path)
    ap.add_argument("--yunet")
    a = ap.parse_args()
    rows, folds, baseline = list(csv.DictReader(open(a.face / "pictures.csv"))), facefolds.table(), Baseline(a.baseline)
    (a.work / "eval").mkdir(exist_ok=True)
    looks = []
    with open(a.work / "eval" / "windows.jsonl", "w") as out:
        for k in range(facefolds.FOLDS):
            graph = session(a.work / "runs" / f"fold{k}" / "face-replay.onnx")
            for r in facefolds.tested(rows, k, folds):
                for path in sorted((a.work / "shots").glob(f"{r['id']}-*.npz")):
                    if path.name.endswith(".part.npz"):
                        continue
                    version = path.stem.split("-", 1)[1]
                    species, _, other = version.partition("+")
                    presented = species in shots.captures.SPECIES
                    taken = np.load(path)
                    facts = json.loads(str(taken["facts"]))
                    found = list(windows(facts))
                    of = dict(path=f"{r['id']}-{version}", id=r["id"], version="presented" if presented else version, kind=r["kind"], label="fake" if presented else "real", system=species if presented else "", other=bool(other),
                              met=presented and species not in UNSEEN[k], person=r["person"] or r["id"], source=r["source"], fold=k)
                    looks.append(dict(of, looks=int(taken["looks"]), faces=len(facts), windows=len(found)))
                    if not found:
                        continue
                    logit, theirs = face_score.score_of(graph, taken["crops"]), baseline(taken)
                    for end, here in found:
                        cues = {c: float(np.mean([facts[i][c] for i in here])) for c in face_score.CUES}
                        out.write(json.dumps({**of, "to_s": end, "logit": float(logit[here].mean()), "baseline": float(theirs[here].mean()), "sharpness": float(np.mean([facts[i]["sharpness"] for i in here])), **cues}) + "\n")
    (a.work / "eval" / "looks.json").write_text(json.dumps(looks))
    if a.images:
        (a.work / "eval" / "real.json").write_text(json.dumps(real(a.work, a.images, a.yunet, baseline, folds), indent=1))
    print(len(looks), "files")


if __name__ == "__main__":
    main()
