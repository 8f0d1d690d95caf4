"""The whole way from recordings to a graph that answers, on tones and noise made here, in well under a minute."""

import csv
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import onnxruntime
    import soundfile as sf
    import torch
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import folds
import net
import store

RATE_HZ = 16_000


def buzz(rng, seconds, clean):
    """A gliding buzz with syllables; `clean` ones have no noise, as if a machine had made them."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    pitch = np.cumsum(rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(0.3, 1) * t))) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * k * pitch) / k for k in range(1, 20)) * (0.3 + np.abs(np.sin(2 * np.pi * 3 * t)))
    return (3000 * voice + (0 if clean else 400) * rng.standard_normal(len(t))).astype(np.int16)


class Smoke(unittest.TestCase):
    def test_from_recordings_to_onnx(self):
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            rows = []
            for i in range(12):
                fake = i % 2
                path = work / f"{i}.flac"
                sf.write(path, buzz(rng, 3, fake), RATE_HZ)
                rows.append(dict(id=f"{i:016x}", path=str(path), label="fake" if fake else "real", system="buzz" if fake else "human", source="here",
                                 speaker="" if fake else f"s{i}", language="", parent="", origin="made", sha256="0" * 64, seconds="3.00"))
            with open(work / "corpus.csv", "w", newline="") as f:
                w = csv.DictWriter(f, rows[0].keys())
                w.writeheader()
                w.writerows(rows)
            run = lambda *command: subprocess.run([sys.executable, "-W", "ignore", *map(str, command)], check=True, capture_output=True, text=True)
            run(HERE / "store.py", work, "corpus")
            train = [HERE / "train.py", work, "--name", "smoke", "--pairs", 2, "--seconds", 1, "--from-scratch"]
            run(*train, "--steps", 2)
            resumed = run(*train, "--steps", 3)
            self.assertIn("steps 2 to 3", resumed.stdout)
            run(HERE / "export.py", work / "runs/smoke/net.pt", work / "out.onnx")
            session = onnxruntime.InferenceSession(work / "out.onnx", providers=["CPUExecutionProvider"])
            logit = session.run(None, {"samples": np.zeros((2, net.SAMPLES), np.float32)})[0]
            self.assertEqual(logit.shape, (2,))
            self.assertTrue(np.isfinite(logit).all())


class Folds(unittest.TestCase):
    ROWS = [
        dict(id="a", label="real", system="human", source="one", speaker="ann", parent=""),
        dict(id="b", label="fake", system="x", source="one", speaker="", parent=""),
        dict(id="c", label="real", system="human", source="two", speaker="ann", parent=""),
        dict(id="d", label="fake", system="x", source="two", speaker="", parent=""),
        dict(id="e", label="fake", system="x", source="one", speaker="", parent=""),
        dict(id="f", label="real", system="human", source="two", speaker="bob", parent=""),
        dict(id="g", label="fake", system="twin-world", source="one", speaker="ann", parent="a"),
        dict(id="h", label="fake", system="twin-world", source="two", speaker="bob", parent="f"),
    ]
    FOLDS = {"one": 0, "two": 1}

    def test_nothing_shared_is_trained_on(self):
        self.assertEqual([r["id"] for r in folds.trains(self.ROWS, 0, self.FOLDS)], ["f", "h"])

    def test_a_twin_follows_its_original_and_is_never_tested(self):
        self.assertEqual([r["id"] for r in folds.tested(self.ROWS, 0, self.FOLDS)], ["a", "b", "e"])

    def test_the_committed_folds_are_five(self):
        self.assertEqual(set(folds.fold_of_source().values()), set(range(folds.FOLDS)))


class FrontEnd(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.samples = torch.randn(1, net.SAMPLES) * 0.05
        self.front = net.FrontEnd()

    def test_level_and_offset_do_not_matter(self):
        planes = self.front(self.samples)
        self.assertLess(float((self.front(8 * self.samples + 0.1) - planes).abs().max()), 2e-2)

    def test_rumble_below_the_high_pass_does_not_matter(self):
        t = torch.arange(net.SAMPLES) / RATE_HZ
        rumble = 0.05 * torch.sin(2 * torch.pi * 10 * t)[None]
        self.assertLess(float((self.front(self.samples + rumble) - self.front(self.samples)).abs().mean()), 2e-2)

    def test_a_tone_lands_in_its_band(self):
        t = torch.arange(net.SAMPLES) / RATE_HZ
        planes = self.front(torch.sin(2 * torch.pi * 3000 * t)[None])
        self.assertAlmostEqual(int(planes[0, 0].mean(1).argmax()), round(3000 / (8000 / 97)) - 1, delta=1)


class Lines(unittest.TestCase):
    def test_twins_go_through_one_line(self):
        self.assertEqual(store.seed("x", "line"), store.seed("x", "line"))
        self.assertNotEqual(store.seed("x", "line"), store.seed("y", "line"))


if __name__ == "__main__":
    unittest.main()
