"""Faces and five landmarks by YuNet (graph of `SOURCE`'s layout: three strides, decoded here), for training and for measuring in Python."""

import cv2
import numpy as np
import onnxruntime

LONG_SIDE, SURE, OVERLAP = 480, 0.6, 0.3


def session(path):
    """A graph on one thread"""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Eyes:
    def __init__(self, graph):
        self.session = session(graph)
        self.names = [o.name for o in self.session.get_outputs()]

    def faces(self, image):
        """[n, 15]: box x, y, width, height, five landmarks, score; best first. Colours as OpenCV has them: blue first."""
        high, wide = image.shape[:2]
        scale = min(1.0, LONG_SIDE / max(high, wide))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        h, w = small.shape[:2]
        padded = np.zeros((-(-h // 32) * 32, -(-w // 32) * 32, 3), np.float32)
        padded[:h, :w] = small
        out = dict(zip(self.names, self.session.run(None, {"input": padded.transpose(2, 0, 1)[None]})))
        found = []
        for stride in (8, 16, 32):
            score = np.sqrt(out[f"cls_{stride}"].ravel() * out[f"obj_{stride}"].ravel())
            at = np.flatnonzero(score > SURE)
            columns = padded.shape[1] // stride
            cell = np.stack([at % columns, at // columns], 1) * float(stride)
            box, points = out[f"bbox_{stride}"][0][at], out[f"kps_{stride}"][0][at]
            size = np.exp(box[:, 2:]) * stride
            corner = cell + box[:, :2] * stride - size / 2
            found.append(np.concatenate([corner, size, np.tile(cell, 5) + points * stride, score[at, None]], 1))
        found = np.concatenate(found)
        found = found[np.argsort(-found[:, 14])]
        kept = []
        for f in found:
            if all(overlap(f, k) < OVERLAP for k in kept):
                kept.append(f)
        faces = np.array(kept).reshape(-1, 15)
        # The picture was scaled about its corner, so pixel centres move by half a pixel.
        faces[:, [0, 1, *range(4, 14)]] = (faces[:, [0, 1, *range(4, 14)]] + 0.5) / scale - 0.5
        faces[:, 2:4] /= scale
        return faces


def overlap(a, b):
    left, top = np.maximum(a[:2], b[:2])
    right, bottom = np.minimum(a[:2] + a[2:4], b[:2] + b[2:4])
    both = max(right - left, 0) * max(bottom - top, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both + 1e-9)


def follow(faces, last):
    """The face that goes on from `last`, else the largest sure one, else None."""
    if not len(faces):
        return None
    if last is not None:
        near = [overlap(f, last) for f in faces]
        if max(near) > 0.2:
            return faces[int(np.argmax(near))]
    return faces[int(np.argmax(faces[:, 2] * faces[:, 3] * faces[:, 14]))]
