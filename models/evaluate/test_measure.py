"""Delays and flags on charts whose course is known."""

import unittest

try:
    import matplotlib  # noqa: F401 (measure draws)
    import scipy  # noqa: F401
    import sklearn  # noqa: F401
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import measure

LAW = dict(variance=2.0, rho=0.3, epsilon=0.1, independence_s=4.0, hop_s=0.5)


def talk(label, llr, seconds):
    times = [4.0 + 0.5 * i for i in range(int(2 * (seconds - 4)) + 1)]
    return dict(fold="0", condition="clean", source=label, speaker=label), times, [llr] * len(times), seconds


class Delays(unittest.TestCase):
    def test_what_came_before_is_not_counted(self):
        found = measure.delays(LAW, dict(real=[talk("real", -2.0, 30)], fake=[talk("fake", 4.0, 40)]))
        strict = found["0.003"]
        self.assertEqual(strict["within"]["30"]["flagged"], 1)
        # The first window that holds nothing else ends four seconds after the begin.
        self.assertGreaterEqual(strict["seconds"][0], 4.0)

    def test_what_never_speaks_is_never_flagged(self):
        found = measure.delays(LAW, dict(real=[talk("real", -2.0, 30)], fake=[talk("fake", -0.1, 40)]))
        self.assertEqual([w["flagged"] for w in found["0.1"]["within"].values()], [0, 0, 0])

    def test_a_talk_too_short_for_a_limit_is_left_out_of_it(self):
        found = measure.delays(LAW, dict(real=[talk("real", -2.0, 30)], fake=[talk("fake", 4.0, 20)]))
        self.assertEqual([w["n"] for w in found["0.1"]["within"].values()], [1, 0, 0])


if __name__ == "__main__":
    unittest.main()
