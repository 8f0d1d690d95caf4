"""Calls that turn, clips without a window, shares within parts, and skin tone, on cases whose answer is known."""

import math
import unittest

try:
    import cv2
    import matplotlib  # noqa: F401 (face_measure draws)
    import onnxruntime  # noqa: F401
    import sklearn  # noqa: F401
    import torch  # noqa: F401 (the replay network's file tells its crop)
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import numpy as np

import calibrate
import face_measure
import face_odd
import face_quality
import face_score
import face_strange
import face_worst
import metrics

LAW = dict(variance=2.0, rho=0.3, independence_s=1.0)


def clip(llr, person="p", seconds=3.0, **facts):
    return [dict(to_s=t, llr=llr, logit=llr, person=person, **facts) for t in np.arange(0.5, seconds + 0.1, 0.5)]


class Parts(unittest.TestCase):
    def test_parts_are_equally_full(self):
        found = metrics.parts(np.random.default_rng(1).permutation(100))
        self.assertEqual(np.bincount(found).tolist(), [20] * 5)

    def test_what_only_follows_sharpness_is_worth_nothing_within_a_part(self):
        rng = np.random.default_rng(2)
        label = np.arange(4000) % 2
        sharp = rng.normal(0, 1, 4000) + 1.5 * label
        part = metrics.parts(sharp, 40)
        g, s = label == 0, label == 1
        self.assertGreater(metrics.auc(sharp[g], sharp[s]), 0.8)
        self.assertAlmostEqual(metrics.within(sharp[g], sharp[s], part[g], part[s]), 0.5, delta=0.06)
        self.assertAlmostEqual(metrics.within(label[g], label[s], part[g], part[s]), 1.0)

    def test_parts_of_one_class_are_left_out(self):
        self.assertEqual(metrics.within(np.array([0.0, 5.0]), np.array([1.0]), np.array([0, 1]), np.array([0])), 1.0)
        self.assertTrue(math.isnan(metrics.within(np.array([0.0]), np.array([1.0]), np.array([0]), np.array([1]))))


class Splice(unittest.TestCase):
    def test_no_window_holds_both(self):
        times, llrs, since = face_measure.splice(clip(-1.0), clip(2.0))
        self.assertEqual(since, 3.0)
        self.assertEqual([t for t, x in zip(times, llrs) if x > 0], [4.0, 4.5, 5.0, 5.5, 6.0])
        self.assertEqual(times, sorted(times))

    def test_flags_before_the_turn_are_told_apart(self):
        told = dict(threshold=2.0, suspect=1.0)
        found = face_measure.spliced([(clip(-1.0), clip(4.0)), (clip(4.0, "q"), clip(-4.0, "q")), (clip(-1.0), clip(-1.0))], LAW, told)
        self.assertEqual(found["people"], 2)
        self.assertEqual(found["after"]["synthetic"]["count"], 1)
        self.assertEqual(found["before"]["synthetic"]["count"], 1)
        self.assertEqual(found["seconds"], [3.0, 3.0, 3.0])

    def test_what_comes_too_late_is_not_counted(self):
        late = [*clip(-1.0, seconds=11.0), *[dict(w, to_s=w["to_s"] + 11.0) for w in clip(4.0)]]
        self.assertEqual(face_measure.spliced([(clip(-1.0), late)], LAW, dict(threshold=2.0, suspect=1.0))["after"]["synthetic"]["count"], 0)


class Forced(unittest.TestCase):
    def look(self, name, label, windows, met=False, kind="clip"):
        return dict(path=name, label=label, windows=windows, met=met, kind=kind, person=name, source="page", system="s" if label == "fake" else "")

    def figures(self, looks, llrs):
        clips = {r["path"]: [dict(face_measure.owned(r), llr=llrs[r["path"]])] * r["windows"] for r in looks if r["windows"]}
        return face_measure.forced(clips, looks)

    def test_a_clip_without_a_window_is_worth_nothing(self):
        looks = [self.look("g1", "real", 3), self.look("g2", "real", 0), self.look("f1", "fake", 2), self.look("f2", "fake", 0)]
        found = self.figures(looks, dict(g1=-1.0, f1=1.0))
        self.assertEqual([found["silent"][label]["count"] for label in ("real", "fake")], [1, 1])
        self.assertEqual([found["silent"][label]["n"] for label in ("real", "fake")], [2, 2])
        self.assertAlmostEqual(found["cllr"], (math.log2(1 + math.exp(-1)) + 1) / 2)
        self.assertEqual(found["auc"], 3.5 / 4)

    def test_silence_of_one_class_only_costs(self):
        spoken = [self.look("g", "real", 1), self.look("f", "fake", 1)]
        llrs = dict(g=-2.0, f=2.0)
        self.assertGreater(self.figures([*spoken, self.look("h", "fake", 0)], llrs)["cllr"], self.figures(spoken, llrs)["cllr"])

    def test_people_weigh_alike_seen_or_not_though_they_share_a_page(self):
        looks = [dict(self.look(f"{person}{n}", "real", int(person == "g")), person=person) for person in "ghk" for n in range(face_measure.FULL)]
        found = self.figures([*looks, self.look("f", "fake", 1)], dict({f"g{n}": -1.0 for n in range(face_measure.FULL)}, f=1.0))
        one = math.log2(1 + math.exp(-1))
        self.assertAlmostEqual(found["cllr"], ((one + 2) / 3 + one) / 2)

    def test_swaps_that_training_met_and_recordings_are_left_out(self):
        looks = [self.look("g", "real", 1), self.look("f", "fake", 1), self.look("met", "fake", 0, met=True), self.look("talk", "real", 0, kind="talk")]
        found = self.figures(looks, dict(g=-1.0, f=1.0))
        self.assertEqual([found["silent"][label] for label in ("real", "fake")], [face_measure.count(0, 1)] * 2)
        self.assertEqual(found["auc"], 1.0)


class QualityTerms(unittest.TestCase):
    TERM = ("face_px", "linear", 50.0, 150.0, 1)

    def windows(self, apart):
        """Genuine and synthetic whose scores lie 1.5 apart where the face is large, `apart` where it is small"""
        rng = np.random.default_rng(5)
        for n in range(4000):
            fake, large = n % 2, n // 2 % 2
            middle = (1.5 if large else apart) / 2
            yield dict(path=str(n), label="fake" if fake else "real", system="s" if fake else "", source=str(n % 40), face_px=130.0 if large else 70.0, logit=(middle if fake else -middle) + rng.normal())

    def test_a_quality_that_tells_the_score_s_worth_scales_it(self):
        found = face_quality.fit(list(self.windows(0.2)), [self.TERM], 0.001)
        small, large = calibrate.apply(found, [dict(face_px=q, logit=1.0) for q in (70.0, 130.0)]) - found["offset"]
        self.assertLess(small, large / 2)
        self.assertEqual(found["quality"][0]["offset"], 0.0)

    def test_worse_quality_never_says_more(self):
        self.assertEqual(face_quality.fit(list(self.windows(3.0)), [self.TERM], 0.001)["quality"][0]["slope"], 0.0)

    def test_the_slope_stays_above_nothing_in_the_whole_range(self):
        found = face_quality.fit(list(self.windows(-1.0)), [self.TERM], 0.0001)
        least = calibrate.apply(found, [dict(face_px=50.0, logit=1.0)])[0] - found["offset"]
        self.assertAlmostEqual(least, calibrate.LEAST_SLOPE * found["slope"], places=6)


class SkinTone(unittest.TestCase):
    def crop(self, rgb):
        return np.full((160, 160, 3), rgb, np.uint8)

    def test_angle_is_that_of_the_colour(self):
        rgb = (224, 180, 150)
        light, _, b = cv2.cvtColor(np.float32([[rgb]]) / 255, cv2.COLOR_RGB2LAB)[0, 0]
        self.assertAlmostEqual(face_strange.ita(self.crop(rgb)), math.degrees(math.atan((light - 50) / b)), places=3)
        self.assertEqual(face_strange.tone(face_strange.ita(self.crop(rgb))), "light")
        self.assertEqual(face_strange.tone(face_strange.ita(self.crop((70, 48, 38)))), "dark")

    def test_blue_light_has_no_angle(self):
        self.assertTrue(math.isnan(face_strange.ita(self.crop((90, 100, 200)))))

    def test_classes_are_chardons(self):
        self.assertEqual([face_strange.tone(a) for a in (56, 55, 41, 28, 10, -30)], ["very light", "light", "intermediate", "tan", "brown", "dark"])


class Cover(unittest.TestCase):
    def test_a_mask_in_another_colour_than_skin_is_one(self):
        crop = np.full((160, 160, 3), (200, 150, 125), np.uint8)
        self.assertLess(face_score.cover(crop), 0.5)
        crop[75:] = (180, 205, 225)
        self.assertGreater(face_score.cover(crop), 2 * face_score.MOST_COVER)
        crop[75:] = (120, 80, 65)  # a shadow, and a little redder
        self.assertLess(face_score.cover(crop), face_score.MOST_COVER)

    def test_looks_at_a_covered_face_make_no_window(self):
        facts = [dict(seconds=0.2 * n, face_px=100.0, light=120.0) for n in range(10)]
        found = list(face_score.windows(facts, [5.0] * 10, covers=[0.0] * 5 + [30.0] * 5))
        self.assertEqual([list(here) for _, here in found], [[0, 1, 2], [0, 1, 2, 3, 4]])


class Marks(unittest.TestCase):
    def test_twice_the_rate_is_not_above_it(self):
        share = lambda k: dict(above_0=face_measure.count(k, 10), above_1=face_measure.count(0, 10))
        self.assertEqual(face_strange.above_twice(share(4), share(2)), [])
        self.assertEqual(face_strange.above_twice(share(5), share(2)), ["above_0"])


class StillPicture(unittest.TestCase):
    FACE = [70, 70, 110, 70, 90, 95, 75, 115, 105, 115]

    def test_noise_is_still_and_motion_is_not(self):
        rng = np.random.default_rng(3)
        picture = cv2.normalize(cv2.GaussianBlur(rng.integers(0, 256, (180, 180, 3)).astype(np.uint8), (0, 0), 4), None, 10, 245, cv2.NORM_MINMAX)
        still = face_odd.Still()
        noisy = lambda: np.clip(picture.astype(int) + rng.integers(-2, 3, picture.shape), 0, 255).astype(np.uint8)
        self.assertEqual([still.stirred(noisy(), self.FACE) for _ in range(4)], [False] * 4)
        self.assertTrue(still.stirred(np.roll(picture, 9, 1), self.FACE))


class Worst(unittest.TestCase):
    def test_one_of_each_person_the_farthest_wrong_first(self):
        clips = [clip(1.0, "a", label="real"), clip(2.0, "a", label="real"), clip(-3.0, "b", label="real"), clip(5.0, "c", label="fake", system="s")]
        self.assertEqual([ws[0]["llr"] for ws in face_worst.worst(clips, "real", 5)], [2.0, -3.0])


if __name__ == "__main__":
    unittest.main()
