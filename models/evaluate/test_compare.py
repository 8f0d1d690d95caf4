import json
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import compare

ROWS = [dict(path=f"{label}{i}", label=label, source=f"s{i % 4}", system="" if label == "real" else f"t{i % 5}") for label in ("real", "fake") for i in range(40)]


class Compare(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(1)
        self.good = {r["path"]: float(rng.normal(3.0 * (r["label"] == "fake"), 1)) for r in ROWS}
        self.poor = {r["path"]: float(rng.normal(0.5 * (r["label"] == "fake"), 1)) for r in ROWS}

    def test_a_clip_counts_by_the_mean_of_its_windows(self):
        lines = [json.dumps(w) for w in (dict(input="a", logit=1.0), dict(input="a", logit=3.0), dict(input="b", abstain="no speech"))]
        self.assertEqual(compare.means(lines), {"a": 2.0})

    def test_a_run_is_no_better_than_itself(self):
        _, (_, again) = compare.compared(ROWS, [self.good, self.good])
        for x in again.values():
            self.assertEqual((x["more"], x["more_interval"]), (0.0, (0.0, 0.0)))

    def test_the_better_run_is_told_from_the_poorer(self):
        counts, (_, poor) = compare.compared(ROWS, [self.good, self.poor])
        self.assertEqual(counts, (40, 40, 4))
        self.assertGreater(poor["EER"]["more_interval"][0], 0.1)
        self.assertLess(poor["AUC inside a source"]["more_interval"][1], -0.1)

    def test_only_clips_that_every_run_answered_count(self):
        some = {p: x for p, x in self.poor.items() if p != "real7"}
        (genuine, _, _), _ = compare.compared(ROWS, [self.good, some])
        self.assertEqual(genuine, 39)


if __name__ == "__main__":
    unittest.main()
