#!/usr/bin/env python3
"""Whether the program keeps each face on one seat, with the detector: genuine clips of people left out of its training, alone and four people to a picture.

usage: face_seats.py DATA WORK FACE_WINDOWS MODEL --yunet-n FILE [--list LIST]
FACE_WINDOWS is the program that shows what the eyes see (cargo build -p callguard-vision --example face_windows), which needs ONNX Runtime: ORT_DYLIB_PATH.
Clips are those in all of whose frames (WORK/frames: corpus.py) YuNet-n sees one face; a person stands in a picture of four with one of theirs.
Writes WORK/eval/face-seats.json, which face_detector_card.py reads, and prints it.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess

import numpy as np

import face_detector
from face_detector import TRUTH, fitted, read
from measure import exact

ACROSS = 2  # tiles
DRAWS = 4  # times that people are put together anew
TILE = (640, 360)


def told(program, model, clips):
    """What the eyes see of clips side by side in one picture; of one, as it is."""
    if len(clips) == 1:
        out = subprocess.run([program, "--detector", model, *clips], check=True, stdout=subprocess.PIPE)
    else:
        w, h = TILE
        tiles = "".join(f"[{i}]fps=25,scale={w}:{h}:force_original_aspect_ratio=decrease,pad={w}:{h}:-1:-1[t{i}];" for i in range(len(clips)))
        layout = "|".join(f"{i % ACROSS * w}_{i // ACROSS * h}" for i in range(len(clips)))
        graph = f"{tiles}{''.join(f'[t{i}]' for i in range(len(clips)))}xstack=inputs={len(clips)}:layout={layout}:shortest=1"
        film = subprocess.Popen(["ffmpeg", "-v", "error", *(x for c in clips for x in ("-i", c)), "-filter_complex", graph, "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "-"], stdout=subprocess.PIPE)
        out = subprocess.run([program, "--detector", model, "-"], check=True, stdin=film.stdout, stdout=subprocess.PIPE)
        if film.wait():
            raise SystemExit(f"face_seats.py: ffmpeg cannot put {', '.join(map(str, clips))} side by side")
    return [json.loads(line) for line in out.stdout.splitlines()]


def counted(seen):
    """(seats that were taken, epochs that were begun) in what was seen."""
    return sum("joined" in line for line in seen), [line["reason"] for line in seen if "epoch" in line]


def figures(answers, people, persons):
    """`answers`: (seats, epochs) of each picture, which shows `people` of `persons`."""
    n, kept = len(answers), sum(seats == people and not epochs for seats, epochs in answers)
    return dict(pictures=n, persons=persons, kept=kept, kept_95=exact(kept, n), fewer=sum(seats < people for seats, _ in answers), more=sum(seats > people for seats, _ in answers),
                anew=sum(bool(epochs) for _, epochs in answers), reasons=collections.Counter(r for _, epochs in answers for r in epochs))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("program", type=pathlib.Path)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("--yunet-n", required=True)
    ap.add_argument("--list", type=pathlib.Path, default=face_detector.HERE.parent / "cards" / "face-detector-data.csv")
    a = ap.parse_args()
    yunet = face_detector.teacher.Teacher(a.yunet_n)
    genuine = {r["path"] for r in csv.DictReader(open(a.data / "clips.csv")) if r["label"] == "real"}
    clips = []
    for r in csv.DictReader(open(a.list)):
        if r["role"] == "test" and r["origin"] in genuine:
            frames = sorted((a.work / "frames").glob(f"{pathlib.Path(r['origin']).stem}-*.png"))
            if frames and all(len(face_detector.boxes.suppress(yunet.faces(fitted(read(f))), TRUTH)) == 1 for f in frames):
                clips.append((r["person"], a.data / r["origin"]))
    one_each = list(dict(clips).values())
    rng, groups = np.random.default_rng(4), []
    for _ in range(DRAWS):
        mixed = rng.permutation(len(one_each))[: len(one_each) // ACROSS**2 * ACROSS**2]
        groups += [[one_each[i] for i in four] for four in mixed.reshape(-1, ACROSS**2)]
    report = {}
    for name, shown in (("one person", [[path] for _, path in clips]), ("2 by 2 people", groups)):
        answers = []
        for group in shown:
            answers.append(counted(told(a.program, a.model, group)))
            print(*(p.name for p in group), answers[-1], flush=True)
        report[name] = figures(answers, len(shown[0]), len(one_each))
    out = a.work / "eval" / "face-seats.json"
    out.write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
