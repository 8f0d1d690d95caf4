"""Where a face's crop lies and how it is sampled: the one definition that training, measuring and the program share.

Landmarks: eye image-left, eye image-right, nose, mouth corner image-left, mouth corner image-right, in pixels. With e the middle of the eyes, m the
middle of the mouth and d = |m - e|, the crop is a square of side 4.2 d around the middle of e and m, turned so that the line between the eyes is
level. Each of its pixels is the mean of k x k bilinear samples, k the shrinking rounded up; outside the picture is black.
"""

import math

import cv2
import numpy as np

SIZE, FACTOR = 160, 4.2


def pose(landmarks):
    """(centre x, centre y, d, roll in radians)"""
    p = np.asarray(landmarks, np.float64).reshape(5, 2)
    eyes, mouth = (p[0] + p[1]) / 2, (p[3] + p[4]) / 2
    across = p[1] - p[0]
    return (*((eyes + mouth) / 2), float(np.hypot(*(mouth - eyes))), math.atan2(across[1], across[0]))


def square(image, centre, side, roll, size=SIZE, border=cv2.BORDER_CONSTANT):
    """(the square as [size, size, 3], 2 x 3 matrix from picture to square)"""
    taps = max(1, math.ceil(side / size - 1e-6))
    fine = size * taps
    scale = fine / side
    c, s = math.cos(roll) * scale, math.sin(roll) * scale
    # Pixel centres lie at half pixels: (x + 1/2) scales, not x.
    x, y = centre[0] + 0.5, centre[1] + 0.5
    matrix = np.array([[c, s, fine / 2 - c * x - s * y], [-s, c, fine / 2 + s * x - c * y]])
    of_centres = matrix.copy()
    of_centres[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    out = cv2.warpAffine(image, of_centres, (fine, fine), flags=cv2.INTER_LINEAR, borderMode=border)
    if taps > 1:
        out = cv2.resize(out, (size, size), interpolation=cv2.INTER_AREA)
    small = matrix / taps
    small[:, 2] += small[:, :2] @ [0.5, 0.5] - 0.5
    return out, small


def crop(image, landmarks, factor=FACTOR, shift=(0.0, 0.0), turn=0.0, size=SIZE, border=cv2.BORDER_CONSTANT):
    """The crop of the contract; `shift` in units of d, `turn` in radians, for training. Also gives the matrix from picture to crop."""
    x, y, d, roll = pose(landmarks)
    return square(image, (x + shift[0] * d, y + shift[1] * d), factor * d, roll + turn, size, border)


def moved(landmarks, matrix):
    p = np.asarray(landmarks, np.float64).reshape(5, 2)
    return p @ matrix[:, :2].T + matrix[:, 2]
