"""Boxes of faces: overlap, and which of many overlapping ones stays. A face is a row of 15: score, x, y, w, h, five landmarks x, y (px)."""

import csv

import numpy as np

SAME_FACE = 0.3  # overlap above which two boxes are one face, as YuNet has it
# A face's columns in faces.csv, which names eyes and corners of the mouth as the person has them: re is the left eye in the picture.
LISTED = [*(f"face_{k}" for k in "xywh"), *(f"{point}_{k}" for point in ("re", "le", "nose", "rm", "lm") for k in "xy")]


def listed(path):
    """Box and landmarks of every crop that a faces.csv names, by its path below the folder that holds faces/."""
    with open(path, newline="") as f:
        return {f"faces/{r['path']}": np.array([float(r[k]) for k in LISTED], np.float32) for r in csv.DictReader(f)}


def overlap(one, many):
    """Intersection over union of a box with each of many; x, y, w, h."""
    left, top = np.maximum(many[:, :2], one[:2]).T
    right, bottom = np.minimum(many[:, :2] + many[:, 2:4], one[:2] + one[2:4]).T
    shared = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None)
    return shared / (many[:, 2] * many[:, 3] + one[2] * one[3] - shared + 1e-9)


def suppress(faces, threshold, same=SAME_FACE):
    """Faces scored at least `threshold`, best first, none overlapping a better one by more than `same`."""
    left = faces[faces[:, 0] >= threshold]
    left = left[np.argsort(-left[:, 0], kind="stable")]
    kept = []
    while len(left):
        kept.append(left[0])
        left = left[1:][overlap(left[0, 1:5], left[1:, 1:5]) <= same]
    return np.stack(kept) if kept else np.zeros((0, 15), np.float32)
