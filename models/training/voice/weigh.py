#!/usr/bin/env python3
"""Weighs the listener's statistics: logistic regression, ridge, on what listen.py heard of the rows that a fold may train on.

usage: weigh.py WORK --name NAME [--fold K]
Writes WORK/runs/NAME/listener.pt: the listener and its weights, the statistics' own mean and deviation folded in.
"""

import argparse
import pathlib

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

import batches
import folds

RIDGE = 0.4  # penalty on the weights' squares over 2, beside the mean loss of an example


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--name", required=True)
    ap.add_argument("--fold", type=int)
    a = ap.parse_args()
    rows = batches.Pool(a.work).rows
    allowed = {id(r) for r in folds.trains(rows, a.fold, folds.fold_of_source())}
    allowed = np.array([id(r) in allowed for r in rows])
    files = [np.load(f) for f in sorted((a.work / "heard").glob("[0-9]*[0-9].npz"))]
    heard, label = (np.concatenate([f[key][allowed[f["row"]]] for f in files]) for key in ("heard", "label"))
    heard = heard.astype(np.float32)
    mean, spread = heard.mean(0), heard.std(0) + 1e-3
    heard -= mean
    heard /= spread
    fit = LogisticRegression(C=1 / (RIDGE * len(label)), max_iter=300).fit(heard, label)
    weight = fit.coef_[0] / spread
    out = a.work / "runs" / a.name
    out.mkdir(parents=True, exist_ok=True)
    state = {f"listener.{k}": v for k, v in torch.load(a.work / "heard" / "listener.pt", weights_only=True).items()}
    state["weigh.weight"] = torch.from_numpy(weight[None].astype(np.float32))
    state["weigh.bias"] = torch.tensor([float(fit.intercept_[0] - weight @ mean)])
    torch.save(state, out / "listener.pt")
    print(f"{a.name}: {len(label)} examples, {fit.score(heard, label):.3f} right where it was fitted, deviation {fit.decision_function(heard).std():.2f}")


if __name__ == "__main__":
    main()
