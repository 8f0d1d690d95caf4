#!/usr/bin/env python3
"""What published networks say of the very windows that face-forgery is measured on: MiniFASNet V2 + V1SE (liveness), Meso4 and MesoInception (Face2Face's weights).

usage: face_baseline.py WORK --yunet GRAPH --minifasnet FOLDER --mesonet FOLDER
Clips as they are; faces are found again as frames.py found them, and cut as each network's authors cut them. Their answers a look stay in WORK/baseline/ID.json. Needs face_score.py's output; writes WORK/eval/baseline.json.
"""

import argparse
import csv
import json
import pathlib
import sys

import cv2
import numpy as np

import face_measure
import metrics
import replay_score
from face_score import facefolds
from replay_score import shots
from shots import eyes, frames, geometry

MESO_SIDE, MESO_BOX = 256, 1.3
MESO = {"meso4": "Meso4_F2F.onnx", "mesoinception": "MesoInception_F2F.onnx"}
NAMES = {"minifasnet": "MiniFASNet V2 + V1SE, published", "meso4": "Meso4 (Face2Face), published", "mesoinception": "MesoInception (Face2Face), published"}


class Published:
    def __init__(self, minifasnet, mesonet):
        files = [minifasnet / f for f in replay_score.GRAPHS.values()] + [mesonet / f for f in MESO.values()]
        if missing := [str(f) for f in files if not f.is_file()]:
            sys.exit(f"face_baseline.py: no {', '.join(missing)}: name the folders of MiniFASNet's and MesoNet's graphs (models/training/face/README.md)")
        self.live, self.meso = replay_score.Baseline(minifasnet), {name: replay_score.session(mesonet / f) for name, f in MESO.items()}

    def __call__(self, faces):
        """{network: a number for every (BGR picture, face), above zero for "not genuine\"}"""
        taken = {"crops": faces, **{name: np.stack([shots.baseline(p, f, factor) for p, f in faces])[..., ::-1] for name, factor in shots.BASELINE.items()}}
        out = dict(minifasnet=self.live(taken))
        square = lambda p, f: geometry.square(p, (f[0] + f[2] / 2, f[1] + f[3] / 2), MESO_BOX * max(f[2], f[3]), 0.0, MESO_SIDE)[0][..., ::-1]
        x = np.stack([square(*face) for face in faces]).transpose(0, 3, 1, 2).astype(np.float32) / 255
        for name, graph in self.meso.items():
            real = np.concatenate([graph.run(None, {graph.get_inputs()[0].name: x[i : i + 8]})[0][:, 0] for i in range(0, len(x), 8)])
            out[name] = np.log((1 - np.clip(real, 1e-6, 1 - 1e-6)) / np.clip(real, 1e-6, 1 - 1e-6))
        return {name: [float(v) for v in values] for name, values in out.items()}


def seen(row, sight):
    """(seconds, [(BGR picture, face)]) as frames.take sees them"""
    last, at, found = None, [], []
    for seconds, picture in frames.pictures(row["path"], min(float(row["seconds"]) + 0.2, frames.LONGEST_S)):
        last = face = eyes.follow(sight.faces(picture), last)
        if face is not None and face[2] * face[3] > 0:
            at.append(round(seconds, 3))
            found.append((picture, face))
    return at, found


def answers(work, rows, sight, published):
    """{id: (seconds, {network: value a look})}"""
    (work / "baseline").mkdir(exist_ok=True)
    out = {}
    for n, row in enumerate(rows):
        path = work / "baseline" / f"{row['id']}.json"
        if not path.is_file():
            at, faces = seen(row, sight)
            part = path.with_suffix(".part")
            part.write_text(json.dumps([at, published(faces) if faces else {name: [] for name in NAMES}]))
            part.replace(path)
        out[row["id"]] = json.loads(path.read_text())
        if n % 50 == 49:
            print(n + 1, flush=True)
    return out


def of_window(answer, name, to_s):
    """Mean over the looks of the second that a window ends with"""
    at = np.array(answer[0])
    here = (at > to_s - face_measure.WINDOW_S - 1e-6) & (at <= to_s + 1e-6)
    if not here.any():
        sys.exit(f"face_baseline.py: no look in the second up to {to_s} s where face_score.py had a window: remove WORK/baseline, which is of other clips")
    return float(np.array(answer[1][name])[here].mean())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--yunet", required=True)
    ap.add_argument("--minifasnet", type=pathlib.Path, required=True)
    ap.add_argument("--mesonet", type=pathlib.Path, required=True)
    a = ap.parse_args()
    cv2.setNumThreads(1)
    clips = {p: ws for p, ws in face_measure.load(a.work / "eval" / "windows.jsonl").items() if ws[0]["kind"] == "clip" and ws[0]["version"] == "plain"}
    ids = {ws[0]["id"] for ws in clips.values()}
    rows = [r for r in csv.DictReader(open(a.work / "pictures.csv")) if r["id"] in ids]
    told = answers(a.work, rows, eyes.Eyes(a.yunet), Published(a.minifasnet, a.mesonet))
    out = {}
    for name in NAMES:
        value = lambda ws: float(np.mean([of_window(told[w["id"]], name, w["to_s"]) for w in ws]))
        out[name] = face_measure.ranks(clips, value)
        print(name, out[name])
    (a.work / "eval" / "baseline.json").write_text(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
