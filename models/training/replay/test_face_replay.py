"""The whole way from faces with their surroundings to a graph that answers, on drawn faces, in well under a minute; and what the simulated captures promise."""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent, HERE.parent / "face", HERE.parents[1] / "evaluate"):
    sys.path.insert(0, str(folder))

try:
    import cv2
    import onnxruntime
    import sklearn  # noqa: F401
    import torch
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import captures
import facefolds
import mean
import pictures
import replay_measure
import replayfit
import replaynet
import surroundings

POINTS = np.array([[100, 100], [140, 100], [120, 120], [104, 140], [136, 140]], np.float32)


def drawn(rng):
    x = np.full((240, 300, 3), rng.integers(60, 200, 3), np.uint8)
    cv2.ellipse(x, (120, 120), (55, 70), 0, 0, 360, tuple(int(v) for v in rng.integers(90, 220, 3)), -1)
    for px, py in POINTS[:2]:
        cv2.circle(x, (int(px), int(py)), 6, (30, 30, 30), -1)
    return np.clip(x + rng.normal(0, 6, x.shape), 0, 255).astype(np.uint8)


def world(folder, rng):
    """(work, rows) of two people's clips and some walls"""
    work = Path(folder)
    for name in ("scenes", "bank", "walls"):
        (work / name).mkdir()
    for n in range(4):
        cv2.imwrite(str(work / "walls" / f"{n}.png"), drawn(rng))
    rows = []
    for i in range(2):
        rows.append(dict.fromkeys(pictures.FIELDS, "") | dict(id=f"{i:012x}", kind="clip", label="real", person=f"p{i}", source="here"))
        np.savez(work / "scenes" / f"{i:012x}-plain.npz", at=[0.0], points=POINTS[None], r0=drawn(rng))
    with open(work / "pictures.csv", "w", newline="") as f:
        w = csv.DictWriter(f, pictures.FIELDS)
        w.writeheader()
        w.writerows(rows)
    return work, rows


class Smoke(unittest.TestCase):
    def test_from_scenes_to_onnx(self):
        with tempfile.TemporaryDirectory() as folder:
            work, rows = world(folder, np.random.default_rng(1))
            made = surroundings.Scenes(work, rows, work / "walls")
            for n, species in enumerate(captures.SPECIES):
                for other in (False, True):
                    row, genuine, here, taken, there = surroundings.pair(made, np.random.default_rng([1, n, other]), species, other)
                    self.assertEqual((genuine.dtype, taken.dtype, there.shape), (np.uint8, np.uint8, (5, 2)), species)
                    self.assertGreater(taken.std(), 3, f"{species}: nothing is seen")
                about = dict(species=species, **{k: row[k] for k in ("id", "kind", "label", "system", "person", "source")})
                np.savez(work / "bank" / f"{n:05}.npz", genuine=genuine, capture=taken, here=here, there=there, about=json.dumps(about))
            run = lambda *command: subprocess.run([sys.executable, "-W", "ignore", *map(str, command)], check=True, capture_output=True, text=True)
            train = [HERE / "replayfit.py", work, "--face", work, "--name", "smoke", "--pairs", 2, "--from-scratch"]
            run(*train, "--steps", 2)
            self.assertIn("steps 2 to 3", run(*train, "--steps", 3).stdout)
            run(HERE / "replaynet.py", work / "runs/smoke/net.pt", work / "out.onnx")
            session = onnxruntime.InferenceSession(work / "out.onnx", providers=["CPUExecutionProvider"])
            side = replaynet.SIZE
            scores = session.run(None, {"crop": np.zeros((2, side, side, 3), np.uint8)})[0]
            self.assertEqual(scores.shape, (2, 1 + replaynet.GRID**2))
            self.assertAlmostEqual(float(scores[0, 1:].mean()), float(scores[0, 0]), places=4)


class Captures(unittest.TestCase):
    def test_the_face_lies_where_it_is_said_to_lie(self):
        picture = np.full((240, 300, 3), 90, np.uint8)
        for x, y in POINTS:
            cv2.circle(picture, (int(x), int(y)), 5, (255, 255, 255), -1)
        for seed in range(4):
            rng = np.random.default_rng(seed)
            capture, camera = captures.Capture("monitor", rng), captures.Camera(rng)
            capture.pitch, capture.depth, capture.glare, capture.bands = 1.0, 0.0, False, None
            light, to = capture.light(picture, np.eye(3), 40.0, (120, 120), (300, 240), camera, np.zeros_like(picture), (0, 0, 300, 240))
            there = cv2.perspectiveTransform(POINTS[None].astype(np.float64), to)[0] * camera.fine
            grey = light.mean(2)
            for x, y in there:
                self.assertGreater(grey[int(y), int(x)], 2 * np.median(grey), f"seed {seed}")

    def test_a_grid_finer_than_the_sensor_shows_as_moire(self):
        flat = np.full((240, 300, 3), 160, np.uint8)
        rng = np.random.default_rng(3)
        capture, camera = captures.Capture("monitor", rng), captures.Camera(rng)
        camera.fine, capture.glare, capture.bands, capture.mirror, capture.fall, capture.lens = 1.0, False, None, 0.0, [0.0, 0.0], 0.0
        spread = {}
        for capture.pitch, capture.depth in ((0.95, 0.0), (0.95, 0.4)):
            light, _ = capture.light(flat, np.eye(3), 40.0, (120, 120), (300, 240), camera, flat, (0, 0, 300, 240))
            spread[capture.depth] = cv2.blur(light[..., 1], (5, 5))[80:160, 80:160].std()
        self.assertGreater(spread[0.4], 5 * spread[0.0] + 1e-3)

    def test_both_of_a_pair_share_their_border(self):
        rng = np.random.default_rng(5)
        pair = (drawn(rng), POINTS, drawn(rng), POINTS + 3, "phone")
        crops, _ = replayfit.batch([pair], rng, 3, None)
        for genuine, taken in zip(crops[::2], crops[1::2]):
            black = lambda x: cv2.erode((x.max(2) < 12).astype(np.uint8), np.ones((9, 9), np.uint8))
            np.testing.assert_array_less(np.abs(black(genuine).mean() - black(taken).mean()), 0.08)

    def test_both_of_a_pair_are_in_little_light(self):
        rng = np.random.default_rng(5)
        pair = (drawn(rng), POINTS, drawn(rng), POINTS, "phone")
        light = {}
        for dim in (0.0, 1.0):
            crops, _ = replayfit.batch([pair], np.random.default_rng(6), 12, dim)
            light[dim] = np.median(crops.mean((1, 2, 3)))
        self.assertLess(light[1.0], 0.75 * light[0.0])

    def test_the_mean_of_weights_is_of_one_make(self):
        one, other = {"w": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)}, {"w": torch.tensor([3.0, 6.0]), "n": torch.tensor(5)}
        torch.testing.assert_close(mean.mean([one, other]), {"w": torch.tensor([2.0, 4.0]), "n": torch.tensor(3)})
        with self.assertRaisesRegex(ValueError, "one make"):
            mean.mean([one, {"w": one["w"]}])

    def test_every_species_is_unseen_by_a_fold_that_leaves_two_out(self):
        left_out = {fold: names for fold, names in replayfit.UNSEEN.items() if fold is not None}
        self.assertEqual(set(left_out), set(range(facefolds.FOLDS)))
        self.assertEqual({len(set(names)) for names in left_out.values()}, {2})
        self.assertEqual({s for names in left_out.values() for s in names}, set(captures.SPECIES))
        self.assertEqual(replayfit.UNSEEN[None], ())


class Measure(unittest.TestCase):
    def test_at_most_two_percent_of_the_others_lie_above_the_threshold(self):
        scores = np.arange(1000.0)
        self.assertLessEqual(np.mean(scores > replay_measure.threshold(scores)), 0.02)
        self.assertGreater(np.mean(scores > replay_measure.threshold(scores) - 2), 0.02)

    def test_a_share_without_spread_has_an_exact_interval(self):
        none = replay_measure.share([False] * 40, [f"p{n // 2}" for n in range(40)])
        self.assertEqual((none["share"], none["n"], none["people"]), (0.0, 40, 20))
        self.assertGreater(none["span"][1], 0.1)


if __name__ == "__main__":
    unittest.main()
