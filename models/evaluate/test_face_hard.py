"""What makes faces harder to find covers what it says, and the faces known to be there stay where they are said to be."""

import unittest

try:
    import cv2  # noqa: F401
    import onnxruntime  # noqa: F401 (the teacher needs it)
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import numpy as np

import face_hard

EYES, NOSE, MOUTH = ((124, 135), (156, 135)), ((140, 155),), ((128, 175), (152, 175))
FACE = np.array([0.9, 100, 100, 80, 100, *np.ravel([*EYES, *NOSE, *MOUTH])], np.float32)


class Covers(unittest.TestCase):
    def left(self, name):
        """Which of the five landmarks can still be seen."""
        picture = np.full((320, 320, 3), 77, np.uint8)
        spoilt = face_hard.covered(picture, [FACE], face_hard.HIDDEN[name], np.random.default_rng(1))
        self.assertEqual(picture.min(), 77)
        return [(spoilt[y, x] == 77).all() for x, y in (*EYES, *NOSE, *MOUTH)]

    def test_a_mask_covers_nose_and_mouth(self):
        self.assertEqual(self.left("mask over mouth and nose"), [True, True, False, False, False])

    def test_a_bar_covers_the_eyes(self):
        self.assertEqual(self.left("bar over the eyes"), [False, False, True, True, True])

    def test_a_half_covers_one_eye_and_one_corner_of_the_mouth_of_the_same_side(self):
        left, right, _, mouth_left, mouth_right = self.left("one half covered")
        self.assertEqual((left, right), (mouth_left, mouth_right))
        self.assertNotEqual(left, right)

    def test_in_the_dark_a_fifth_of_the_light_is_left(self):
        spoilt = face_hard.dark(np.full((320, 320, 3), 150, np.uint8), np.random.default_rng(1))
        self.assertAlmostEqual(float(spoilt.mean()), 30, delta=0.5)
        self.assertAlmostEqual(float(spoilt.std()), face_hard.NOISE, delta=0.3)


class Harder(unittest.TestCase):
    def test_only_turned_faces_stand_in_the_rows_of_turned_ones(self):
        turned = FACE.copy()
        turned[9] -= 8  # the nose, a quarter of the eyes' distance
        black = np.zeros((320, 320, 3), np.uint8)
        shown = [("clips", "a", black), ("clips shrunk", "a", black), ("crops of named people", "b", black), ("clips", "c", black)]
        truths = [np.stack([FACE, turned]), FACE[None], FACE[None], np.zeros((0, 15), np.float32)]
        rows = {}
        for (name, person, _), faces in face_hard.harder(shown, truths):
            rows.setdefault(name, []).append((person, len(faces)))
        self.assertEqual(rows.pop("turned, nose off by 0.2 to 0.3"), [("a", 1)])
        self.assertEqual(set(rows), {"dark", *face_hard.HIDDEN})
        for row in rows.values():
            self.assertEqual(row, [("a", 2), ("b", 1)])


class Crops(unittest.TestCase):
    def setUp(self):
        """Crops whose face is the white part."""
        self.crops = []
        for i, (x, y, w, h) in enumerate([(20, 30, 60, 70), (10, 10, 100, 90), (40, 20, 50, 80), (30, 30, 60, 60), (5, 8, 90, 90)]):
            picture = np.zeros((140, 120, 3), np.uint8)
            picture[y : y + h, x : x + w] = 255
            self.crops.append((f"p{i}", picture, np.array([x, y, w, h, *([x, y] * 5)], np.float32)))

    def check(self, picture, faces):
        for face in faces:
            x, y, w, h = np.rint(face[1:5]).astype(int)
            self.assertGreater(picture[y + 1 : y + h - 1, x + 1 : x + w - 1].mean(), 215)
        self.assertAlmostEqual(picture[..., 0].sum() / 255, sum(f[3] * f[4] for f in faces), delta=0.06 * picture[..., 0].sum() / 255)

    def test_small_faces_have_the_side_asked_for_and_lie_where_the_truth_has_them(self):
        rows = list(face_hard.small(self.crops))
        self.assertEqual(len(rows), len(face_hard.SMALL) * len(self.crops))
        for (name, _, picture), faces in rows:
            low, high = face_hard.SMALL[name]
            self.assertTrue(low <= np.sqrt(faces[0, 3] * faces[0, 4]) < high)
            self.check(picture, faces)

    def test_faces_of_a_mosaic_are_moved_to_their_tile(self):
        class White:
            def faces(self, picture):
                y, x = np.nonzero(picture[..., 0] > 127)
                return np.array([[0.9, x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1, *([x.min(), y.min()] * 5)]], np.float32)

        ((name, _, picture), faces), = face_hard.mosaics(self.crops, White(), 0.6)
        self.assertEqual((name, len(faces)), ("2 by 2 people", 4))
        self.check(picture, faces)
        np.testing.assert_allclose(faces[:, 5:7], faces[:, 1:3])
        self.assertEqual(sorted((int(x > 160), int(y > 160)) for x, y in faces[:, 1:3]), [(0, 0), (0, 1), (1, 0), (1, 1)])


if __name__ == "__main__":
    unittest.main()
