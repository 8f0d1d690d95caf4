"""Recipes side by side, on drawn scores."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import cv2  # noqa: F401
    import matplotlib  # noqa: F401
    import onnxruntime  # noqa: F401
    import sklearn  # noqa: F401
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import face_compare
import numpy as np


def recipe(apart, seed=1):
    """Thirty people and five clips of each of six systems, whose logits lie `apart` deviations apart, and ten pairs of a swapper that training met"""
    rng, out = np.random.default_rng(seed), {}

    def clip(path, label, system, person, pair, met, logit):
        out[path] = [dict(path=path, version="plain", label=label, system=system, person=person, source=person if label == "real" else "page", pair=pair, met=met, logit=float(logit), sharpness=1.0)]

    for n in range(30):
        clip(f"r{n}", "real", "", f"p{n}", f"pair{n}" if n < 10 else "", n < 10, rng.normal())
        clip(f"f{n}", "fake", f"s{n % 6}", "", "", False, rng.normal() + apart)
    for n in range(10):
        clip(f"w{n}", "fake", "swap", f"p{n}", f"pair{n}", True, out[f"r{n}"][0]["logit"] + 0.1)
    return out


class Compared(unittest.TestCase):
    def test_a_recipe_is_no_more_than_itself_and_a_better_one_is(self):
        first, ((_, _), (same, swaps), (better, _)) = face_compare.compared([recipe(0.5), recipe(0.5), recipe(2.5)])
        self.assertEqual([int((first.label == k).sum()) for k in (0, 1)], [30, 30], "the swapper that was met is apart")
        self.assertEqual(swaps["in_order"], 1.0)
        for name in ("AUC", "AUC, mean over systems"):
            self.assertEqual(same[name][2:], (0.0, (0.0, 0.0)))
            value, (low, high), more, (least, _) = better[name]
            self.assertTrue(low <= value <= high and more > 0.1 and least > 0, better[name])


if __name__ == "__main__":
    unittest.main()
