"""A picture is kept only if everyone has one seat and none is begun anew."""

import unittest

try:
    import face_seats
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing


def joined(seat):
    return dict(input="-", seat=seat, joined=0.2)


class Seats(unittest.TestCase):
    def test_seats_and_epochs_are_counted_and_windows_are_not(self):
        seen = [joined(0), dict(input="-", seat=0, source="face-repeat", from_s=0.0, to_s=1.0, score=0.1), joined(1), dict(input="-", seat=1, epoch=2.0, reason="lost")]
        self.assertEqual(face_seats.counted(seen), (2, ["lost"]))

    def test_too_few_seats_too_many_and_epochs_are_not_kept(self):
        found = face_seats.figures([(2, []), (1, []), (3, []), (2, ["lost", "scene-cut"]), (2, [])], 2, 7)
        self.assertEqual([found[k] for k in ("pictures", "kept", "fewer", "more", "anew")], [5, 2, 1, 1, 1])
        self.assertEqual(found["reasons"], {"lost": 1, "scene-cut": 1})
        low, high = found["kept_95"]
        self.assertTrue(0.05 < low < 0.4 < high < 0.86)


if __name__ == "__main__":
    unittest.main()
