"""The whole way from frames to a graph that answers, on drawn faces, in well under a minute."""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import cv2
    import onnxruntime
    import torch
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import blends
import facefolds
import fit
import geometry
import pairs
import pictures
from facenet import GRID, FaceNet, inside_and_around

POINTS = np.array([[100, 100], [140, 100], [120, 120], [104, 140], [136, 140]], np.float32)


def drawn(rng, smooth):
    """A face of an ellipse, two eyes and a mouth on noise; `smooth` ones have no noise, as if a machine had made them."""
    x = np.full((240, 240, 3), rng.integers(60, 200, 3), np.uint8)
    cv2.ellipse(x, (120, 120), (55, 70), 0, 0, 360, tuple(int(v) for v in rng.integers(90, 220, 3)), -1)
    for px, py in POINTS[:2]:
        cv2.circle(x, (int(px), int(py)), 6, (30, 30, 30), -1)
    cv2.line(x, (104, 140), (136, 140), (60, 20, 20), 4)
    return x if smooth else np.clip(x + rng.normal(0, 12, x.shape), 0, 255).astype(np.uint8)


class Smoke(unittest.TestCase):
    def test_from_frames_to_onnx(self):
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            (work / "frames").mkdir()
            (work / "copies").mkdir()
            rows = []
            for i in range(6):
                fake = i % 2
                rows.append(dict.fromkeys(pictures.FIELDS, "") | dict(id=f"{i:012x}", kind="clip", label="fake" if fake else "real", system="drawn" if fake else "", person=f"p{i // 2}", pair=f"pair{i // 2}", source="here"))
                facts = [dict(seconds=0.2 * n, region=n, landmarks=POINTS.ravel().tolist()) for n in range(3)]
                regions = np.stack([drawn(rng, fake) for _ in facts])
                np.savez(work / "frames" / f"{i:012x}-plain.npz", crops=regions[:, :160, :160], regions=regions, facts=json.dumps(facts))
            np.savez(work / "copies" / "000000000000-0.npz", genuine=drawn(rng, False), copy=drawn(rng, True), landmarks=POINTS)
            with open(work / "pictures.csv", "w", newline="") as f:
                w = csv.DictWriter(f, pictures.FIELDS)
                w.writeheader()
                w.writerows(rows)
            run = lambda *command: subprocess.run([sys.executable, "-W", "ignore", *map(str, command)], check=True, capture_output=True, text=True)
            train = [HERE / "fit.py", work, "--name", "smoke", "--pairs", 2, "--from-scratch"]
            run(*train, "--steps", 2)
            self.assertIn("steps 2 to 3", run(*train, "--steps", 3).stdout)
            run(HERE / "to_onnx.py", work / "runs/smoke/net.pt", work / "out.onnx")
            session = onnxruntime.InferenceSession(work / "out.onnx", providers=["CPUExecutionProvider"])
            scores = session.run(None, {"crop": np.zeros((2, 160, 160, 3), np.uint8)})[0]
            self.assertEqual(scores.shape, (2, 101))
            self.assertAlmostEqual(float(scores[0, 1:].mean()), float(scores[0, 0]), places=4)


class Geometry(unittest.TestCase):
    def test_the_eyes_come_out_level_and_in_their_place(self):
        for degrees in (-30, 0, 45):
            turn = cv2.getRotationMatrix2D((120, 120), degrees, 1.0)
            turned = cv2.warpAffine(drawn(np.random.default_rng(2), True), turn, (240, 240))
            crop, matrix = geometry.crop(turned, geometry.moved(POINTS, turn))
            found = geometry.moved(geometry.moved(POINTS, turn), matrix)
            # d is 40 px, so the crop's 160 px show 168: the eyes lie 20 px above the middle and 20 px aside.
            np.testing.assert_allclose(found[:2], [[79.5 - 19.05, 79.5 - 19.05], [79.5 + 19.05, 79.5 - 19.05]], atol=0.6)
            self.assertLess(crop[60, 60].max(), 60)

    def test_outside_the_picture_is_black(self):
        crop, _ = geometry.crop(np.full((240, 240, 3), 200, np.uint8), POINTS - [90, 0])
        self.assertEqual(crop[:, 0].max(), 0)
        self.assertEqual(crop[80, 120].min(), 200)

    def test_shrinking_does_not_alias(self):
        fine = np.zeros((1200, 1200, 3), np.uint8)
        fine[:, ::2] = 255
        crop, _ = geometry.crop(fine, POINTS * 5)
        self.assertLess(np.ptp(crop.astype(int)), 60)


class Net(unittest.TestCase):
    def test_what_is_trained_is_what_is_exported(self):
        net = FaceNet(dropout=0.0).eval()
        torch.nn.init.normal_(net.out.weight)
        torch.nn.init.normal_(net.out.bias)
        crops = np.random.default_rng(5).integers(0, 256, (3, 160, 160, 3), np.uint8)
        with torch.no_grad():
            scores = net(torch.from_numpy(crops))
            torch.testing.assert_close(scores[:, 0], net.logit(fit.floats(crops)), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(scores[:, 0], scores[:, 1:].mean(1))

    def test_the_face_and_what_is_around_it_count_alike(self):
        shares = inside_and_around()
        torch.testing.assert_close(shares.sum(1), torch.tensor([0.5, 0.5]))
        face = shares[0].reshape(GRID, GRID) > 0
        self.assertTrue(face[4, 3] and face[4, 6] and face[6, 5], "eyes and mouth")
        self.assertFalse(face[0].any() or face[:, 0].any() or face[9].any() or face[:, 9].any())
        self.assertFalse(((shares[0] > 0) & (shares[1] > 0)).any())


class Pairs(unittest.TestCase):
    def test_a_pair_shares_its_black_border(self):
        one = pairs.plan(np.random.default_rng(1)) | dict(cut=[10, 0, 30, 5])
        wide, tight = np.full((160, 160, 3), 90, np.uint8), np.full((160, 160, 3), 90, np.uint8)
        tight[:40] = 0
        both, black = pairs.bordered([wide, tight], one)
        np.testing.assert_array_equal(both[0] == 0, both[1] == 0)
        self.assertTrue(black[:40].all() and black[:, :10].all() and not black[80, 80])

    def test_noise_weighs_less_where_a_pair_is_shrunk(self):
        def noise(side):
            one = pairs.plan(np.random.default_rng(6), side) | dict(noise=6.0, small=None, blur=None, sharpen=None, jpeg=[])
            crop = pairs.shrunk(pairs.coloured(np.full((side, side, 3), 120, np.uint8), np.zeros((side, side, 1), bool), one))
            self.assertEqual(crop.shape, (160, 160, 3))
            return crop.astype(float).std(axis=(0, 1)).mean()

        self.assertLess(noise(pairs.LARGE), 0.8 * noise(geometry.SIZE))

    def test_batches_from_processes_are_those_from_a_thread(self):
        make = lambda step: np.random.default_rng([4, step]).normal(size=3)
        from_thread, from_processes = (list(fit.loop.prefetch(make, 2, 9, workers)) for workers in (0, 2))
        np.testing.assert_array_equal(from_thread, from_processes)
        self.assertEqual(len(from_thread), 7)

    def test_a_blend_changes_the_face_and_not_the_rest(self):
        rng = np.random.default_rng(3)
        target, donor = drawn(rng, True), drawn(rng, True)
        out = blends.cross_blend(target, POINTS, donor, POINTS, rng)
        self.assertGreater(np.abs(out.astype(int) - target)[100:140, 105:135].mean(), 1)
        np.testing.assert_array_equal(out[:20], target[:20])


class Folds(unittest.TestCase):
    ROWS = [
        dict(id="a", kind="clip", label="real", system="", source="one", person="ann"),
        dict(id="b", kind="clip", label="fake", system="x", source="one", person=""),
        dict(id="c", kind="clip", label="real", system="", source="two", person="ann"),
        dict(id="d", kind="clip", label="fake", system="x", source="two", person=""),
        dict(id="e", kind="clip", label="real", system="", source="two", person="bob"),
        dict(id="f", kind="clip", label="fake", system="swap", source="pairs", person="cy"),
        dict(id="g", kind="clip", label="fake", system="swap", source="pairs", person="di"),
        dict(id="h", kind="still", label="real", system="", source="faces", person="ann"),
        dict(id="i", kind="still", label="real", system="", source="faces", person=""),
        dict(id="j", kind="talk", label="real", system="", source="three", person="ed"),
    ]
    FOLDS = {("one", ""): 0, ("two", ""): 1, ("pairs", "cy"): 0, ("pairs", "di"): 1, ("three", ""): 1}

    def test_nothing_shared_is_trained_on(self):
        self.assertEqual([r["id"] for r in facefolds.trains(self.ROWS, 0, self.FOLDS)], ["e", "g", "i"])

    def test_long_recordings_are_measured_and_never_trained_on(self):
        self.assertEqual([r["id"] for r in facefolds.tested(self.ROWS, 1, self.FOLDS)], ["c", "d", "e", "g", "j"])
        self.assertNotIn("j", [r["id"] for r in facefolds.trains(self.ROWS, None, self.FOLDS)])

    def test_a_source_goes_with_its_systems_and_people(self):
        self.assertEqual([r["id"] for r in facefolds.without(self.ROWS, "two")], ["f", "g", "i", "j"])
        with self.assertRaisesRegex(ValueError, "'four'.*faces, one, pairs, three, two"):
            facefolds.without(self.ROWS, "four")

    def test_the_committed_folds_are_five(self):
        self.assertEqual(set(facefolds.table().values()), set(range(facefolds.FOLDS)))

    def test_the_demo_is_barred(self):
        for name in ("pexels_a", "WolfgangLanger_Pexels.mp4", "astronaut.png", "carphone.mp4"):
            self.assertTrue(pictures.DEMO.search(f"x {name}"))


if __name__ == "__main__":
    unittest.main()
