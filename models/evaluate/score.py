#!/usr/bin/env python3
"""Windows and logits of everything that render.py and odd.py wrote, through callguard's own front end: each fold's files by the network that was not trained on them.

usage: score.py WORK VOICE_WINDOWS [--fold K]... [--run NAME] [--kind KIND]...
VOICE_WINDOWS is the built example of callguard-audio (cargo build --release -p callguard-audio --example voice_windows). A fold's network is WORK/runs/foldK (net.pt and listener.pt), or WORK/runs/NAME, another run of that one fold (see compare.py).
Writes WORK/eval/scores-foldK.jsonl, or scores-NAME.jsonl.
"""

import argparse
import csv
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("program")
    ap.add_argument("--fold", type=int, action="append")
    ap.add_argument("--kind", action="append", help="clip, short, talk, strange, probe, nothing; all unless given")
    ap.add_argument("--run", help="another network than foldK's, trained without that one fold")
    a = ap.parse_args()
    if a.run and len(a.fold or []) != 1:
        ap.error("--run goes with one --fold: the fold that the run was trained without")
    listed = [a.work / "eval" / name for name in ("list.csv", "odd.csv")]
    rows = [r for file in listed if file.is_file() for r in csv.DictReader(open(file))]
    for k in a.fold or range(5):
        name = a.run or f"fold{k}"
        run = a.work / "runs" / name
        model = run / "voice-clone.onnx"
        if not model.is_file():
            subprocess.run([sys.executable, HERE.parent / "training/voice/export.py", run, model], check=True)
        wanted = a.work / "eval" / f"{name}.txt"
        wanted.write_text("".join(f"{r['path']}\n" for r in rows if int(r["fold"]) == k and (not a.kind or r["kind"] in a.kind)))
        out = a.work / "eval" / f"scores-{name}.jsonl"
        with open(out, "w") as f:
            subprocess.run([a.program, "--model", model, "--list", wanted], stdout=f, check=True, env=os.environ)
        print(out, sum(1 for _ in open(out)), "lines", flush=True)


if __name__ == "__main__":
    main()
