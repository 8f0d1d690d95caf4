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


def clip(name, llr, **facts):
    row = dict(path=name, id=name, kind="clip", condition="clean", label="fake", source="page", system="T", speaker=name, **facts)
    return row, [{**row, "llr": llr, "from_s": 0.0, "to_s": 4.0}]


class Missed(unittest.TestCase):
    def test_share_and_interval_count_recordings(self):
        made = [clip(f"f{i}", 1.0 if i < 9 else -1.0) for i in range(12)]
        found = measure.missed({r["path"]: r for r, _ in made}, {r["path"]: ws for r, ws in made})
        self.assertEqual(found["T"]["n"], 12)
        self.assertAlmostEqual(found["T"]["share"], 0.25)
        self.assertLess(found["T"]["share_95"][0], 0.25)
        self.assertGreater(found["T"]["share_95"][1], 0.25)


class Costs(unittest.TestCase):
    def test_interval_holds_the_cost(self):
        one = []
        for i in range(80):
            row, (window,) = clip(f"c{i}", (1 if i % 2 else -1) * (0.5 + i % 7 / 3) - (i % 5 == 0))
            one.append({**window, "label": "fake" if i % 2 else "real", "source": f"s{i % 8}", "system": f"t{i % 6}" if i % 2 else ""})
        found = measure.costs(one)
        for name in ("cllr", "min_cllr"):
            low, high = found[name + "_95"]
            self.assertLess(low, found[name])
            self.assertGreater(high, found[name])


class Odd(unittest.TestCase):
    def test_hours_and_silence_are_counted(self):
        row, windows = clip("strange", -1.0)
        silent, _ = clip("silent", 0.0)
        rows = {r["path"]: {**r, "kind": "strange", "label": "real", "condition": "singing"} for r in (row, silent)}
        found = measure.odd(LAW, rows, {"strange": windows})["strange"]["singing"]
        self.assertEqual((found["n"], found["no_answer"], found["synthetic"]), (2, 0.5, 0))
        self.assertAlmostEqual(found["hours"], 4 / 3600)
        self.assertEqual(found["mean_llr_95"], (-1.0, -1.0))


if __name__ == "__main__":
    unittest.main()
