#!/usr/bin/env python3
"""AASIST beside our own network: a published detector on every third clean clip that ours is measured on.

usage: baseline.py WORK AASIST.onnx      (64,600 samples to two logits, the second of them genuine)
A clip is repeated or cut to the graph's length, as its authors do. Writes WORK/eval/baseline.json.
"""

import csv
import json
import pathlib
import sys

import numpy as np
import onnxruntime
import soundfile as sf

import metrics

SAMPLES, EVERY = 64_600, 3


def main():
    work, model = pathlib.Path(sys.argv[1]), sys.argv[2]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rows = [r for r in csv.DictReader(open(work / "eval" / "list.csv")) if r["kind"] == "clip" and r["condition"] == "clean" and int(r["id"][:4], 16) % EVERY == 0]
    score = []
    for r in rows:
        wave, _ = sf.read(r["path"], dtype="float32")
        out = session.run(None, {name: np.resize(wave, SAMPLES)[None]})
        logits = next(o for o in out if o.shape[-1] == 2).ravel()
        score.append(float(logits[0] - logits[1]))
    score, label, source, system = np.array(score), np.array([int(r["label"] == "fake") for r in rows]), np.array([r["source"] for r in rows]), np.array([r["system"] for r in rows])
    genuine, synthetic = score[label == 0], score[label == 1]
    pooled = lambda s, l, q: metrics.eer(s[l == 0], s[l == 1])
    out = dict(genuine=len(genuine), synthetic=len(synthetic), eer=metrics.eer(genuine, synthetic), eer_95=metrics.bootstrap(pooled, score, label, source, system), auc=metrics.auc(genuine, synthetic),
               inside=metrics.inside(score, label, source, least=3)[0])
    (work / "eval" / "baseline.json").write_text(json.dumps(out, indent=1))
    print(out)


if __name__ == "__main__":
    main()
