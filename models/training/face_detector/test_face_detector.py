"""The whole way from pictures to a graph that answers, on made-up pictures and a made-up teacher, in well under a minute."""

import csv
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import cv2
    import onnx
    import onnxruntime
    import torch
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed (models/training/requirements.txt)") from missing

import boxes
import detector
import people
import scenes
import teacher
import train

SEEN = (100, 90, 64, 80)  # x, y, w, h of the face that the made-up teacher always sees


def made_up_teacher(path):
    """YuNet's inputs and outputs; whatever it is shown, one face at SEEN."""
    x, y, w, h = SEEN
    held, nodes, outputs = [], [], []
    for stride in teacher.STRIDES:
        n = teacher.SIDE // stride
        cell = (y + h // 2) // stride * n + (x + w // 2) // stride
        for part, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            value = np.zeros((1, n * n, width), np.float32)
            if stride == 16:
                corner = np.array([cell % n, cell // n]) * stride
                value[0, cell] = {
                    "cls": [0.9],
                    "obj": [0.9],
                    "bbox": [*((np.array([x + w / 2, y + h / 2]) - corner) / stride), np.log(w / stride), np.log(h / stride)],
                    "kps": ((np.array([[120, 120], [145, 120], [132, 135], [122, 150], [143, 150]]) - corner) / stride).ravel(),
                }[part]
            name = f"{part}_{stride}"
            held.append(numpy_helper.from_array(value, f"{name}_held"))
            nodes.append(helper.make_node("Identity", [f"{name}_held"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, teacher.SIDE, teacher.SIDE])
    graph = helper.make_graph(nodes, "teacher", [given], outputs, held)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def made_up_data(data):
    """Two crops, a still, two photographs, all noise."""
    rng = np.random.default_rng(1)

    def picture(path, side):
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (side, side, 3), dtype=np.uint8))

    def table(path, rows):
        with open(path, "w", newline="") as f:
            w = csv.DictWriter(f, rows[0].keys())
            w.writeheader()
            w.writerows(rows)

    # Names that fall on the training side.
    named = [n for n in map("person-{}".format, range(50)) if people.side(n) == "train"][:3]
    points = dict(re_x=20, re_y=24, le_x=40, le_y=24, nose_x=30, nose_y=34, rm_x=22, rm_y=44, lm_x=38, lm_y=44)
    faces = [dict(path=f"here/{n}.png", source_repo="made", person=n, face_x=8, face_y=8, face_w=40, face_h=48, **points) for n in named[:2]]
    for r in faces:
        picture(data / "faces" / r["path"], 64)
    table(data / "faces" / "faces.csv", faces)
    picture(data / "clips" / "still.png", 96)
    table(data / "clips.csv", [dict(path="clips/still.png", source_repo="made", person=named[2])])
    for name in [n for n in map("photo-{}.jpg".format, range(50)) if people.of_negative(n)[0] == "train"][:2]:
        picture(data / "negatives" / name, 80)


def read(table):
    with open(table, newline="") as f:
        return list(csv.DictReader(f))


class Smoke(unittest.TestCase):
    def test_from_pictures_to_onnx(self):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            data, listed = work / "data", work / "list.csv"
            made_up_data(data)
            made_up_teacher(work / "teacher.onnx")
            run = lambda *command: subprocess.run([sys.executable, "-W", "ignore", *map(str, command)], check=True, capture_output=True, text=True)
            run(HERE / "corpus.py", data, work, listed)
            rows = read(listed)
            self.assertEqual(len(rows), 5)
            self.assertEqual({r["role"] for r in rows}, {"train"})
            command = [HERE / "train.py", data, work, listed, "--teacher", work / "teacher.onnx", "--name", "smoke", "--batch", 2]
            run(*command, "--steps", 2)
            resumed = run(*command, "--steps", 3, "--workers", 1)
            self.assertIn("steps 2 to 3", resumed.stdout)
            run(HERE / "export.py", work / "runs/smoke/net.pt", work / "out.onnx")
            session = onnxruntime.InferenceSession(work / "out.onnx", providers=["CPUExecutionProvider"])
            faces = session.run(None, {"picture": np.zeros((4, teacher.SIDE, teacher.SIDE, 3), np.uint8)})[0]
            self.assertEqual(faces.shape, (4, len(teacher.corners()[0]), detector.FACE))
            self.assertTrue(np.isfinite(faces).all())


class Labels(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = Path(self.folder.name) / "teacher.onnx"
        made_up_teacher(path)
        self.teacher = teacher.Teacher(path)
        self.said = self.teacher.faces(np.zeros((teacher.SIDE, teacher.SIDE, 3), np.uint8))

    def labels(self, owner, known):
        """Of a scene whose pictures all belong to `owner` (0: no face can be there)."""
        picture = np.zeros((teacher.SIDE, teacher.SIDE, 3), np.uint8)
        return scenes.labels(self.said, scenes.Scene(picture, known, np.full((teacher.SIDE, teacher.SIDE), owner)), self.teacher)

    def test_the_teacher_is_decoded(self):
        best = self.said[self.said[:, 0].argmax()]
        np.testing.assert_allclose(best[:5], [0.9, *SEEN], rtol=1e-4)
        np.testing.assert_allclose(best[5:7], [120, 120], rtol=1e-4)

    def test_a_face_where_none_can_be_is_not_learnt(self):
        target, weight, _, has = self.labels(0, [])
        self.assertEqual((target.max(), weight.min(), has.sum()), (0, 1, 0))

    def test_a_face_known_to_be_there_is_learnt_firmly(self):
        self.said[:, 0] *= 0.8
        self.assertLess(self.labels(1, [[]])[0].max(), scenes.SURE)
        target, _, places, has = self.labels(1, [[face(*SEEN)]])
        self.assertAlmostEqual(float(target.max()), scenes.SURE, places=5)
        np.testing.assert_allclose(places[has][0, :4], SEEN, rtol=1e-4)

    def test_a_known_face_the_teacher_missed_is_learnt_at_its_stride_with_its_landmarks(self):
        for side, stride in ((20, 8), (60, 16), (110, 16), (140, 32)):
            missed = face(180, 180, side, side)
            target, weight, places, has = self.labels(1, [[missed]])
            own = has & (places[:, 0] > 170)
            self.assertTrue(own.any())
            self.assertEqual(set(self.teacher.step[own, 0]), {stride})
            np.testing.assert_allclose(places[own], np.tile(missed, (own.sum(), 1)), rtol=1e-6)
            self.assertEqual((weight[own].min(), target[own].min()), (1, np.float32(scenes.SURE)))
            around = (np.abs(self.teacher.at + self.teacher.step / 2 - 180 - side / 2) < side / 2).all(1) & ~own
            self.assertEqual(weight[around].max(initial=0), 0)
            self.assertEqual(weight[(self.teacher.at < 150).all(1)].min(), 1)

    def test_a_known_face_mostly_covered_or_too_small_counts_neither_way(self):
        for owner, side in ((scenes.COVERED, 60), (2, 60), (1, 8)):
            missed = face(200, 200, side, side)
            picture, owners = np.zeros((teacher.SIDE, teacher.SIDE, 3), np.uint8), np.ones((teacher.SIDE, teacher.SIDE), np.int16)
            owners[200 + side // 4 : 200 + side] = owner
            target, weight, _, has = scenes.labels(self.said, scenes.Scene(picture, [[missed], []], owners), self.teacher)
            self.assertEqual(has.sum(), 1)
            inside = (np.abs(self.teacher.at + self.teacher.step / 2 - 200 - side / 2) < side / 2).all(1)
            self.assertTrue(inside.any())
            self.assertEqual(weight[inside].max(), 0)
            self.assertEqual(weight[(self.teacher.at < 180).all(1)].min(), 1)


def face(x, y, w, h, turned=0.0):
    """Its nose `turned` of the eyes' distance off their middle."""
    points = np.array([[0.3, 0.35], [0.7, 0.35], [0.5 + 0.4 * turned, 0.55], [0.35, 0.75], [0.65, 0.75]]) * (w, h) + (x, y)
    return np.array([x, y, w, h, *points.ravel()], np.float32)


class Scenes(unittest.TestCase):
    def test_a_mirrored_face_has_its_left_eye_on_the_left(self):
        mirror = np.array([[-1, 0, 100], [0, 1, 0]], np.float32)
        np.testing.assert_allclose(scenes.carried(face(10, 20, 30, 40), mirror), face(60, 20, 30, 40), rtol=1e-5)

    def test_a_turned_face_has_the_box_of_its_oval(self):
        quarter = np.array([[0, -2, 100], [2, 0, 0]], np.float32)
        carried = scenes.carried(face(10, 20, 30, 40), quarter)
        np.testing.assert_allclose(carried[:4], [100 - 2 * 60, 2 * 10, 80, 60], rtol=1e-5)
        np.testing.assert_allclose(carried[4:6], [100 - 2 * 34, 2 * 19], rtol=1e-5)

    def test_turned_heads_are_told_from_frontal_ones_whatever_their_size_and_tilt(self):
        tilt = np.array([[1.5, -1.5, 0], [1.5, 1.5, 0]], np.float32)
        for turned in (0.0, 0.3, -0.3):
            self.assertAlmostEqual(scenes.turn(face(10, 20, 30, 40, turned)), abs(turned), places=5)
            self.assertAlmostEqual(scenes.turn(scenes.carried(face(10, 20, 30, 40, turned), tilt)), abs(turned), places=5)

    def test_what_hides_a_face_leaves_part_of_it_and_stays_near_it(self):
        maker = scenes.Maker([(None, face(8, 8, 40, 48))], [], [np.full((50, 60, 3), 200, np.uint8)], None)
        hidden = face(100, 100, 80, 100)
        for i in range(40):
            picture = np.full((teacher.SIDE, teacher.SIDE, 3), 77, np.uint8)
            maker.hide(picture, hidden, np.random.default_rng(i))
            changed = (picture != 77).any(2)
            share = changed[100:200, 100:180].mean()
            self.assertTrue(0.005 < share < 0.8, (i, share))
            self.assertEqual(changed[:40].sum() + changed[320:].sum() + changed[:, :50].sum() + changed[:, 230:].sum(), 0)

    def test_a_step_has_the_same_batch_whichever_process_makes_it(self):
        with tempfile.TemporaryDirectory() as folder:
            made_up_teacher(Path(folder) / "teacher.onnx")
            rng = np.random.default_rng(2)
            picture = lambda side: rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            pictures = [(picture(64), face(8, 8, 40, 48))], [picture(96)], [picture(80)]
            make = lambda first, workers: list(train.loop.prefetch(train.maker(pictures, Path(folder) / "teacher.onnx", 2, 4), first, 6, workers))
            here, there, later = make(0, 0), make(0, 2), make(3, 1)
            self.assertEqual((len(here), len(there), len(later)), (6, 6, 3))
            for one, other in zip(here + here[3:], there + later):
                for a, b in zip(one, other):
                    np.testing.assert_array_equal(a, b)
            self.assertFalse(np.array_equal(here[0][0], here[1][0]))


class Boxes(unittest.TestCase):
    def test_of_overlapping_boxes_the_best_stays(self):
        faces = np.zeros((4, 15), np.float32)
        faces[:, :5] = [[0.8, 10, 10, 20, 20], [0.9, 12, 10, 20, 20], [0.7, 100, 10, 20, 20], [0.2, 200, 10, 20, 20]]
        np.testing.assert_allclose(boxes.suppress(faces, 0.5)[:, 0], [0.9, 0.7], rtol=1e-6)

    def test_nothing_is_no_box(self):
        self.assertEqual(boxes.suppress(np.zeros((3, 15), np.float32), 0.5).shape, (0, 15))


class Split(unittest.TestCase):
    def test_no_person_of_the_committed_list_is_on_two_sides(self):
        rows = read(HERE.parents[1] / "cards" / "face-detector-data.csv")
        sides = {}
        for r in rows:
            if r["person"]:
                self.assertEqual(sides.setdefault(r["person"], r["role"]), r["role"], r["person"])
        hashes = {}
        for r in rows:
            self.assertEqual(hashes.setdefault(r["sha256"], r["role"]), r["role"], r["origin"])


class Detector(unittest.TestCase):
    def test_rows_of_a_batch_do_not_influence_one_another(self):
        torch.manual_seed(1)
        net = detector.FaceDetector().eval()
        pictures = torch.randint(0, 256, (2, teacher.SIDE, teacher.SIDE, 3), dtype=torch.uint8)
        with torch.no_grad():
            self.assertLess(float((net(pictures)[1:] - net(pictures[1:])).abs().max()), 1e-2)


if __name__ == "__main__":
    unittest.main()
