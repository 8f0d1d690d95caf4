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

import batches
import channel
import folds
import listener
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
            run(HERE / "listen.py", work, "--pairs", 2, "--steps", 2, "--from-scratch")
            weighed = run(HERE / "weigh.py", work, "--name", "smoke")
            self.assertIn("8 examples", weighed.stdout)
            run(HERE / "export.py", work / "runs/smoke", work / "out.onnx")
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


class Listening(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.listener, self.front = listener.Listener(), net.FrontEnd()
        self.samples = torch.randn(1, net.SAMPLES) * 0.05

    def test_level_and_offset_do_not_matter(self):
        heard, louder = (self.listener(*self.front.power(x)) for x in (self.samples, 8 * self.samples + 0.1))
        self.assertEqual(heard.shape, (1, listener.STATISTICS))
        self.assertLess(float((louder - heard).abs().max()), 2e-2)

    def test_a_rounded_weight_is_whole_steps_of_a_scale_an_output(self):
        weight = torch.randn(5, 7, 3)
        kept = listener.rounded(weight)
        scale = weight.abs().amax((1, 2), keepdim=True) / 127
        self.assertLess(float((kept / scale - torch.round(kept / scale)).abs().max()), 1e-3)
        self.assertLessEqual(float((kept - weight).abs().max()), float(scale.max()) / 2 + 1e-6)

    def test_filters_have_the_area_of_the_original_grid(self):
        area = listener.slaney()[:, 20:].sum(0) * 40
        self.assertLess(float(np.abs(area - 1).max()), 0.15)


class Batches(unittest.TestCase):
    def test_a_spliced_twin_is_its_original_in_one_part_of_the_spectrum(self):
        rng = np.random.default_rng(2)
        real, fake = rng.standard_normal((2, 8000)).astype(np.float32)
        for _ in range(6):
            mixed = batches.spliced(real, fake, rng)
            low, high = (np.abs(np.fft.rfft(mixed - real)) ** 2 for real in (real, fake))
            ends = slice(50, 250), slice(3000, 3900)  # 100-500 Hz, 6-7.8 kHz of 8000 samples at 16 kHz
            of_real = [low[e].sum() < 0.01 * high[e].sum() for e in ends]
            self.assertEqual(sorted(of_real), [False, True])

    def test_a_made_room_begins_with_its_direct_sound(self):
        rng = np.random.default_rng(3)
        for _ in range(20):
            room = batches.made_room(rng)
            self.assertEqual(int(np.abs(room).argmax()), 0)
            self.assertLess(float(np.abs(room[-100:]).max()), 0.1)


class Lines(unittest.TestCase):
    def test_noise_has_the_level_that_was_asked_for(self):
        rng = np.random.default_rng(5)
        wave = (3000 * rng.standard_normal(32_000)).astype(np.int16)
        added = channel.noise(wave, rng, snr_db=12.0, tilt=1.0).astype(float) - wave
        self.assertAlmostEqual(20 * np.log10(wave.std() / added.std()), 12.0, delta=0.5)

    def test_a_chain_names_only_what_can_be_applied(self):
        rng = np.random.default_rng(6)
        known = {*channel.INSIDE, "mp3", "aac", "speex", "g722"}
        for _ in range(200):
            self.assertLessEqual({name for name, _ in channel.random_chain(rng)}, known)

    def test_twins_go_through_one_line(self):
        self.assertEqual(store.seed("x", "line"), store.seed("x", "line"))
        self.assertNotEqual(store.seed("x", "line"), store.seed("y", "line"))


if __name__ == "__main__":
    unittest.main()
