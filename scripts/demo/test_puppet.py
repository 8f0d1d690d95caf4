"""The impostor's face moves where it should, and only there."""

import sys
import unittest
from pathlib import Path

# numpy of the interpreter's own, or the one that `make setup` unpacked for the demo.
sys.path.append(str(Path(__file__).resolve().parents[2] / "target" / "demo" / "python"))
try:
    import numpy as np
    import puppet
except ImportError as missing:
    raise unittest.SkipTest(f"numpy is neither installed nor unpacked for this Python: {missing}") from None

AT_REST = dict.fromkeys(["x", "y", "turn", "nod", "tilt", "lean", "breath", "blink", "mouth"], 0.0)
SWAYING = {**AT_REST, "x": 5.0, "y": -3.0, "turn": 5.0, "nod": 4.0, "tilt": 0.03, "lean": 0.02}
RATE = 16_000


def any_portrait() -> np.ndarray:
    size = (puppet.TEXTURE_HEIGHT * puppet.TEXTURE_SCALE, puppet.TEXTURE_WIDTH * puppet.TEXTURE_SCALE, 4)
    return np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)


def tone(seconds: float) -> np.ndarray:
    return 0.3 * np.sin(2.0 * np.pi * 500.0 * np.arange(int(seconds * RATE)) / RATE)


class Faces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.puppet = puppet.Puppet(any_portrait())
        cls.rest = cls.puppet.frame(AT_REST)

    def changed(self, **pose: float) -> np.ndarray:
        return (self.puppet.frame({**AT_REST, **pose}) != self.rest).any(axis=2)

    def test_a_blink_touches_nothing_but_the_eyes(self):
        changed = self.changed(blink=1.0)
        self.assertTrue(changed[puppet.EYES_BOX].any())
        changed[puppet.EYES_BOX] = False
        self.assertFalse(changed.any())

    def test_speech_touches_nothing_but_mouth_and_jaw(self):
        changed = self.changed(mouth=1.0)
        self.assertTrue(changed[puppet.MOUTH_BOX].any())
        changed[puppet.MOUTH_BOX] = False
        self.assertFalse(changed.any())

    def test_lids_and_lips_stay_inside_their_boxes_when_the_head_sways(self):
        for sign in (1.0, -1.0):
            pose = {name: sign * value for name, value in SWAYING.items()}
            swayed = self.puppet.frame(pose)
            for part, box in [("blink", puppet.EYES_BOX), ("mouth", puppet.MOUTH_BOX)]:
                changed = (self.puppet.frame({**pose, part: 1.0}) != swayed).any(axis=2)[box]
                # The lowest rows are the frame's own edge: the collar may reach it.
                edges = [changed[0], changed[:, 0], changed[:, -1]]
                self.assertFalse(np.concatenate(edges).any(), part)

    def test_the_head_sways_and_the_edges_of_the_picture_stand_still(self):
        changed = (self.puppet.frame(SWAYING) != self.rest).any(axis=2)
        self.assertTrue(changed[puppet.EYES_BOX].all(axis=None) or changed[puppet.EYES_BOX].mean() > 0.9)
        self.assertFalse(changed[:, 0].any() or changed[:, -1].any())


class Timing(unittest.TestCase):
    def test_the_mouth_follows_the_voice(self):
        voice = np.concatenate([np.zeros(RATE), tone(1.0), np.zeros(RATE)])
        mouth = puppet.mouth_openings(voice, RATE, 3 * puppet.FPS)
        self.assertEqual(mouth[: puppet.FPS].max(), 0.0)
        self.assertGreater(mouth[puppet.FPS + 3 : 2 * puppet.FPS].min(), 0.9)
        self.assertLess(mouth[-10:].max(), 0.05)

    def test_a_person_blinks_every_two_to_five_seconds(self):
        times = np.arange(30 * puppet.FPS) / puppet.FPS
        closed = puppet.blinks(times, np.random.default_rng(4)) > 0.9
        begins = times[1:][closed[1:] & ~closed[:-1]]
        self.assertTrue((np.diff(begins) > 1.9).all() and (np.diff(begins) < 5.1).all())
        self.assertGreater(len(begins), 5)

    def test_no_movement_comes_round_again(self):
        poses = puppet.poses(tone(30.0), RATE, 30.0)
        head = np.array([[pose["x"], pose["turn"], pose["tilt"]] for pose in poses])
        for gap in range(2 * puppet.FPS, len(head) - 2 * puppet.FPS):
            self.assertGreater(np.abs(head[gap:] - head[:-gap]).max(), 0.5)

    def test_the_same_voice_makes_the_same_movement(self):
        self.assertEqual(puppet.poses(tone(2.0), RATE, 2.0), puppet.poses(tone(2.0), RATE, 2.0))


if __name__ == "__main__":
    unittest.main()
