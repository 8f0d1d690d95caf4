import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import calibrate


def windows(rng, count, spread):
    """Gaussian scores whose log-likelihood ratio is exactly `2 * score / spread`: means -1 and 1, variance `spread`."""
    made = []
    for i in range(count):
        fake = i % 2
        made.append(dict(logit=rng.normal(2 * fake - 1, np.sqrt(spread)), speech_s=4.0 * rng.uniform(0.3, 1), bandwidth_hz=7000.0 + 500 * rng.random(), snr_db=30 + rng.normal(),
                         label="fake" if fake else "real", system=f"s{i % 6}", source=f"q{i % 6}", path=f"{i}"))
    return made


class Calibrate(unittest.TestCase):
    def test_known_scores_come_out_as_their_ratio(self):
        fitted = calibrate.fit(windows(np.random.default_rng(1), 20_000, 2.0))
        self.assertAlmostEqual(fitted["slope"], 1.0, delta=0.06)
        self.assertAlmostEqual(fitted["offset"], 0.0, delta=0.06)

    def test_slope_stays_positive_over_the_whole_box(self):
        rng = np.random.default_rng(2)
        made = windows(rng, 6_000, 1.0)
        for w in made:  # short speech reads the wrong way round
            if w["speech_s"] < 2:
                w["logit"] = -w["logit"]
        fitted = calibrate.fit(made)
        probe = [dict(speech_s=s, bandwidth_hz=b, snr_db=n, logit=x) for s in (0.1, 4.0) for b in (0.0, 9000.0) for n in (0.0, 60.0) for x in (0.0, 1.0)]
        llr = calibrate.apply(fitted, probe)
        self.assertTrue(np.all(llr[1::2] > llr[0::2]))

    def test_what_was_not_measured_takes_the_centre(self):
        term = dict(measure="snr_db", transform="linear", min=3.0, max=50.0, centre=20.0, scale=10.0, offset=1.0, slope=0.0)
        c = dict(offset=0.5, slope=1.0, clip=4.0, quality=[term])
        llr = calibrate.apply(c, [dict(snr_db=None, logit=2.0), dict(snr_db=20.0, logit=2.0), dict(snr_db=99.0, logit=2.0)])
        self.assertEqual(list(llr), [2.5, 2.5, 5.5])

    def test_a_chart_knows_that_windows_of_one_guest_are_alike(self):
        times = [4, 8, 12, 16]
        self.assertEqual(calibrate.chart(times, [2, 2, 2, 2], 0.0)[-1], 8.0)
        self.assertAlmostEqual(calibrate.chart(times, [2, 2, 2, 2], 0.5)[-1], 8 / 2.5)
        self.assertEqual(calibrate.chart(times, [2, -3, 1, 9], 0.0), [2.0, 0.0, 1.0, 5.0])

    def test_overlapping_windows_count_by_what_is_new(self):
        self.assertAlmostEqual(calibrate.chart([4.0, 4.5], [2, 2], 0.0)[-1], 2.25)

    def test_the_law_is_not_more_optimistic_than_its_people(self):
        rng = np.random.default_rng(3)
        talks = []
        for _ in range(120):
            own = rng.normal(-1.5, np.sqrt(0.6 * 3))
            times = 4 + 0.5 * np.arange(60)
            talks.append((times, own + rng.normal(0, np.sqrt(0.4 * 3), 60), 33.5))
        law, _ = calibrate.law(talks, 0.2)
        peaks = np.array([max(calibrate.chart(t, x, law["rho"])) for t, x, _ in talks])
        model = calibrate.simulate(law["variance"], law["rho"], 33.5, 4000, np.random.default_rng(4))
        self.assertGreaterEqual(np.mean(model >= 1.0) + 1e-9, np.mean(peaks >= 1.0))


if __name__ == "__main__":
    unittest.main()
