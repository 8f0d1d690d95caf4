#!/usr/bin/env python3
"""Published detectors beside our own network: AASIST and AASIST-L on every third clean clip that ours is measured on, and what a window costs each of them, in one run.

usage: baseline.py WORK AASIST.onnx...      (64,600 samples to two logits, the second of them genuine)
A clip is repeated or cut to the graph's length, as its authors do. Milliseconds: median on one thread, ours over its four seconds, theirs over theirs, in turns. Writes WORK/eval/baseline.json.
"""

import csv
import json
import pathlib
import sys
import time

import numpy as np
import onnxruntime
import soundfile as sf

import metrics

SAMPLES, EVERY, TURNS = 64_600, 3, 15
MODELS = pathlib.Path(__file__).resolve().parents[1]


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def costs(sessions):
    """name -> median milliseconds of processor time a window, taken in turns so that a busy machine troubles all alike"""
    rng, taken = np.random.default_rng(1), {name: [] for name in sessions}
    given = {name: {s.get_inputs()[0].name: rng.normal(0, 0.05, (1, 64_000 if name == "voice-clone" else SAMPLES)).astype(np.float32)} for name, s in sessions.items()}
    for _ in range(TURNS):
        for name, s in sessions.items():
            began = time.process_time()
            s.run(None, given[name])
            taken[name].append(1e3 * (time.process_time() - began))
    return {name: float(np.median(t)) for name, t in taken.items()}


def main():
    work, models = pathlib.Path(sys.argv[1]), [pathlib.Path(m) for m in sys.argv[2:]]
    rows = [r for r in csv.DictReader(open(work / "eval" / "list.csv")) if r["kind"] == "clip" and r["condition"] == "clean" and int(r["id"][:4], 16) % EVERY == 0]
    label, source, system = np.array([int(r["label"] == "fake") for r in rows]), np.array([r["source"] for r in rows]), np.array([r["system"] for r in rows])
    pooled, whole, within = lambda s, l, q: metrics.eer(s[l == 0], s[l == 1]), lambda s, l, q: metrics.auc(s[l == 0], s[l == 1]), lambda s, l, q: metrics.inside(s, l, q, least=3)[0]
    out, sessions = dict(genuine=int((label == 0).sum()), synthetic=int(label.sum()), detectors={}), {m.stem: session(m) for m in models}
    for name, s in sessions.items():
        score = []
        for r in rows:
            wave, _ = sf.read(r["path"], dtype="float32")
            logits = next(o for o in s.run(None, {s.get_inputs()[0].name: np.resize(wave, SAMPLES)[None]}) if o.shape[-1] == 2).ravel()
            score.append(float(logits[0] - logits[1]))
        score = np.array(score)
        genuine, synthetic = score[label == 0], score[label == 1]
        out["detectors"][name] = dict(eer=metrics.eer(genuine, synthetic), eer_95=metrics.bootstrap(pooled, score, label, source, system), auc=metrics.auc(genuine, synthetic), auc_95=metrics.bootstrap(whole, score, label, source, system), inside=within(score, label, source),
                                      inside_95=metrics.bootstrap(within, score, label, source, system))
        print(name, out["detectors"][name], flush=True)
    out["ms"] = costs({"voice-clone": session(MODELS / "voice-clone.onnx"), **sessions})
    print(out["ms"])
    (work / "eval" / "baseline.json").write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
