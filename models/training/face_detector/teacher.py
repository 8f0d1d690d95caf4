"""YuNet (libfacedetection.train, Apache-2.0) as the teacher: what it says of a 320 px picture, anchor by anchor."""

import numpy as np
import onnxruntime

SIDE = 320
STRIDES = (8, 16, 32)


def corners():
    """Left top corner and stride of every anchor, in the order of the outputs: [N, 2], [N, 1]."""
    at, step = [], []
    for stride in STRIDES:
        n = SIDE // stride
        y, x = np.mgrid[:n, :n].astype(np.float32) * stride
        at.append(np.stack([x.ravel(), y.ravel()], 1))
        step.append(np.full((n * n, 1), stride, np.float32))
    return np.concatenate(at), np.concatenate(step)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Teacher:
    def __init__(self, path):
        self.session = session(path)
        self.names = [o.name for o in self.session.get_outputs()]
        self.at, self.step = corners()

    def faces(self, picture):
        """[320, 320, 3] RGB to [2100, 15] faces, one an anchor."""
        given = np.ascontiguousarray(picture[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32))
        said = dict(zip(self.names, self.session.run(None, {"input": given})))
        cls, obj, box, points = (np.concatenate([said[f"{part}_{s}"][0] for s in STRIDES]) for part in ("cls", "obj", "bbox", "kps"))
        score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))
        size = np.exp(box[:, 2:]) * self.step
        corner = self.at + box[:, :2] * self.step - size / 2
        points = points * self.step + np.tile(self.at, 5)
        return np.concatenate([score, corner, size, points], 1).astype(np.float32)
