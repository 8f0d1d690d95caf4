#!/usr/bin/env python3
"""What the listener says of training batches: its statistics of both halves of every pair, for weigh.py.

usage: listen.py WORK --data DATA [--steps N] [--pairs N] [--share I/N] [--threads N] [--seed N]
One set serves the shipped model and every fold, since a fold's fit takes only the examples of rows that it may train on; so babble behind an example is of made utterances alone, never of people that a fold is
tested on. Resumes: writes WORK/heard/*.npz, STEPS_A_FILE batches each, and leaves what is there. With --share 0/2 and 1/2 two processes share the files.
"""

import argparse
import pathlib

import numpy as np
import torch

import batches
from listener import Listener
from net import SAMPLES, FrontEnd

STEPS_A_FILE = 25


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--data", type=pathlib.Path)
    ap.add_argument("--steps", type=int, default=1300)
    ap.add_argument("--pairs", type=int, default=8)
    ap.add_argument("--share", default="0/1")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=55)
    ap.add_argument("--from-scratch", action="store_true", help="without the pretrained listener (smoke test only)")
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = a.work / "heard"
    out.mkdir(exist_ok=True)
    pool = batches.Pool(a.work)
    sampler = batches.Sampler(pool.rows)
    at = {id(r): i for i, r in enumerate(pool.rows)}
    made = [r for r in pool.rows if r["table"] == "utterances"]
    augment = batches.Augment(a.data, SAMPLES, (lambda rng: pool.wave(batches.pick(rng, made), False)) if made else None)
    front, listener = FrontEnd(), Listener()
    if not a.from_scratch:
        listener.load()
    torch.save(listener.state_dict(), out / "listener.pt")
    mine, of = map(int, a.share.split("/"))
    for number, first in enumerate(range(0, a.steps, STEPS_A_FILE)):
        path = out / f"{number:03}.npz"
        if number % of != mine or path.is_file():
            continue
        heard, label, row = [], [], []
        for step in range(first, min(first + STEPS_A_FILE, a.steps)):
            with torch.no_grad():
                samples, labels, _, _, rows = batches.batch(pool, sampler, augment, np.random.default_rng([a.seed, step]), a.pairs)
                heard.append(listener(*front.power(samples)).half().numpy())
            label.append(labels.numpy())
            row += [at[id(r)] for r in rows]
        part = path.with_suffix(".part.npz")
        np.savez(part, heard=np.concatenate(heard), label=np.concatenate(label), row=np.array(row))
        part.replace(path)
        print(f"heard {number + 1} of {-(-a.steps // STEPS_A_FILE)}", flush=True)


if __name__ == "__main__":
    main()
