"""What YuNet-n sees in the brightened picture speaks for a box; what nothing speaks for is false."""

import unittest

try:
    import face_detector
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import numpy as np


class Shares(unittest.TestCase):
    def test_where_all_was_found_the_interval_is_that_of_as_many_people(self):
        found = face_detector.share(np.ones(40, bool), np.arange(40) // 2)
        self.assertEqual((found["recall"], found["faces"], found["people"]), (1.0, 40, 20))
        self.assertAlmostEqual(found["recall_95"][0], 0.8316, delta=1e-4)


class Dark(unittest.TestCase):
    """A detector that sees a face at one place if it is bright enough, whatever its colour."""

    FACE = np.array([[0.5, 100, 100, 60, 60, *([130, 130] * 5)]], np.float32)

    def faces(self, picture):
        return self.FACE[: int(picture[130, 130].min() >= 60)]

    def picture(self, level):
        picture = np.zeros((320, 320, 3), np.uint8)
        picture[100:160, 100:160] = level
        return picture

    def test_a_brightened_picture_is_the_root_of_its_luma(self):
        out = face_detector.brightened(self.picture((64, 64, 64)))
        self.assertEqual((out[130, 130].tolist(), out[0, 0].tolist()), ([128] * 3, [0] * 3))

    def test_a_box_on_a_face_in_the_dark_is_explained_and_one_beside_it_is_not(self):
        dark, black = self.picture((25, 20, 20)), self.picture((0, 0, 0))
        self.assertEqual(len(self.faces(dark)), 0)
        beside = Dark.FACE + np.array([[0, 150, 150, *([0] * 12)]], np.float32)

        class Says:
            def __init__(self, faces):
                self.faces = lambda _: faces

        count = lambda faces, picture: face_detector.spare(Says(faces), 0.4, [picture], face_detector.hinted(self, [picture]))
        self.assertEqual([count(Dark.FACE, dark), count(beside, dark), count(Dark.FACE, black)], [0, 1, 1])


if __name__ == "__main__":
    unittest.main()
