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
    faces = [dict(path=f"here/{n}.png", source_repo="made", person=n, face_x=8, face_y=8, face_w=40, face_h=48) for n in named[:2]]
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
            train = [HERE / "train.py", data, work, listed, "--teacher", work / "teacher.onnx", "--name", "smoke", "--batch", 2]
            run(*train, "--steps", 2)
            resumed = run(*train, "--steps", 3)
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

    def labels(self, sought, placed):
        picture = np.zeros((teacher.SIDE, teacher.SIDE, 3), np.uint8)
        return scenes.labels(self.said, scenes.Scene(picture, np.full((teacher.SIDE, teacher.SIDE), sought), placed), self.teacher)

    def test_the_teacher_is_decoded(self):
        best = self.said[self.said[:, 0].argmax()]
        np.testing.assert_allclose(best[:5], [0.9, *SEEN], rtol=1e-4)
        np.testing.assert_allclose(best[5:7], [120, 120], rtol=1e-4)

    def test_a_face_where_none_can_be_is_not_learnt(self):
        target, weight, _, has = self.labels(False, [])
        self.assertEqual((target.max(), weight.min(), has.sum()), (0, 1, 0))

    def test_a_pasted_face_the_teacher_missed_counts_neither_way(self):
        target, weight, _, has = self.labels(True, [SEEN, (200, 200, 60, 60)])
        self.assertEqual(has.sum(), 1)
        self.assertEqual(weight[has][0], 1)
        inside = (self.teacher.at > 210).all(1) & (self.teacher.at < 240).all(1)
        self.assertEqual(weight[inside].max(), 0)
        self.assertEqual(weight[(self.teacher.at < 180).all(1)].min(), 1)


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
