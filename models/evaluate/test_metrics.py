import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import metrics


class Metrics(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        # Calibrated Gaussian llrs of variance 4: the error at the middle is Phi(-1) = 15.87 %, the AUC Phi(sqrt 2) = 92.14 %.
        self.genuine, self.synthetic = rng.normal(-2, 2, 20_000), rng.normal(2, 2, 20_000)

    def test_known_gaussians(self):
        self.assertAlmostEqual(metrics.eer(self.genuine, self.synthetic), 0.1587, delta=0.006)
        self.assertAlmostEqual(metrics.auc(self.genuine, self.synthetic), 0.9214, delta=0.005)

    def test_swapped_classes_mirror(self):
        self.assertAlmostEqual(metrics.auc(self.synthetic, self.genuine), 1 - metrics.auc(self.genuine, self.synthetic), places=9)

    def test_calibrated_scores_lose_nothing(self):
        actual, best = metrics.cllr(self.genuine, self.synthetic), metrics.min_cllr(self.genuine, self.synthetic)
        self.assertLess(actual - best, 0.01)
        self.assertGreater(metrics.cllr(3 * self.genuine, 3 * self.synthetic) - best, 0.1)

    def test_mean_over_systems_has_an_interval_that_holds_it(self):
        rng = np.random.default_rng(2)
        system = np.repeat(["", "easy", "hard"], 60)
        scores, labels, sources = rng.normal(0, 1, 180) + 3 * (system == "easy"), (system != "").astype(int), np.tile(["a", "b", "c"], 60)
        each, mean, (low, high) = metrics.macro(scores, labels, sources, system)
        self.assertGreater(each["easy"], 0.95)
        self.assertAlmostEqual(mean, (each["easy"] + each["hard"]) / 2)
        # Two systems that differ: drawing them anew must reach towards both.
        self.assertLess(low, mean - 0.1)
        self.assertGreater(high, mean + 0.1)

    def test_interval_of_a_mean_is_over_units_not_values(self):
        values = [0.0] * 500 + [1.0] * 500
        low, high = metrics.mean_interval(values, ["a"] * 500 + ["b"] * 500)
        self.assertEqual((low, high), (0.0, 1.0))
        low, high = metrics.mean_interval(values, range(1000))
        self.assertAlmostEqual(low, 0.47, delta=0.01)
        self.assertAlmostEqual(high, 0.53, delta=0.01)

    def test_saying_nothing_costs_one_bit(self):
        self.assertAlmostEqual(metrics.cllr(np.zeros(5), np.zeros(7)), 1.0)

    def test_intraclass_correlation_of_known_shares(self):
        rng = np.random.default_rng(2)
        groups = [rng.normal(0, np.sqrt(0.6)) + rng.normal(0, np.sqrt(0.4), 8) for _ in range(4_000)]
        self.assertAlmostEqual(metrics.intraclass(groups)[0], 0.6, delta=0.03)

    def test_detection_cost_of_nothing_and_of_everything(self):
        # Refusing everyone costs miss * (1 - prior) = 0.95, letting everyone pass alarm * prior = 0.5: the better of the two is 1 by definition.
        self.assertAlmostEqual(metrics.min_dcf(np.zeros(10), np.zeros(10)), 1.0)
        self.assertAlmostEqual(metrics.min_dcf(np.zeros(10), np.ones(10)), 0.0)
        # One of ten genuine speakers above every spoof: cheapest is to refuse that one.
        self.assertAlmostEqual(metrics.min_dcf(np.r_[np.zeros(9), 2.0], np.ones(10)), 0.95 * 0.1 / 0.5)

    def test_inside_a_source_ignores_what_tells_sources(self):
        # A score that knows only the source, and sources of unlike make-up: pooled it looks good, inside it is chance.
        sources = np.repeat(["a", "b"], 100)
        labels = np.r_[np.repeat([0, 1], [90, 10]), np.repeat([0, 1], [10, 90])]
        scores = (sources == "b").astype(float)
        self.assertGreater(metrics.auc(scores[labels == 0], scores[labels == 1]), 0.85)
        self.assertAlmostEqual(metrics.inside(scores, labels, sources)[0], 0.5)


if __name__ == "__main__":
    unittest.main()
