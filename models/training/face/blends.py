"""Forgeries made from genuine faces while training: a face pasted into a face by a soft mask."""

import cv2
import numpy as np

# Five-point template of a face in a square of 112, the usual one of face recognition.
TEMPLATE = np.array([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]], np.float32)


def similar(source, target):
    """2 x 3 similarity that brings five points nearest to five others."""
    a, b = np.asarray(source, np.float64).reshape(5, 2), np.asarray(target, np.float64).reshape(5, 2)
    ma, mb = a.mean(0), b.mean(0)
    u, v = (a - ma).T, (b - mb).T
    norm = (u**2).sum() + 1e-9
    c, s = (u * v).sum() / norm, (u[0] * v[1] - u[1] * v[0]).sum() / norm
    turn = np.array([[c, -s], [s, c]])
    return np.concatenate([turn, (mb - turn @ ma)[:, None]], 1)


def affine(source, target):
    """2 x 3 affine map of five points to five others, least squares."""
    a, b = np.asarray(source, np.float64).reshape(5, 2), np.asarray(target, np.float64).reshape(5, 2)
    return np.linalg.lstsq(np.c_[a, np.ones(5)], b, rcond=None)[0].T


def warp(picture, matrix, size, border=cv2.BORDER_REFLECT_101):
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border)


def mask(shape, landmarks, rng):
    """A deformed ellipse over the face, or over its lower half, soft at its edge: [high, wide, 1] of 0 to 1."""
    high, wide = shape[:2]
    to_picture = similar(TEMPLATE, landmarks)
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    middle, radii = np.array([56, 70 + rng.normal(0, 2)]), np.array([33, 42]) * rng.uniform(0.8, 1.2, 2)
    if rng.random() < 0.2:  # mouth and chin alone, as lip-sync changes them
        middle, radii = np.array([56, 90.0]), np.array([26, 20]) * rng.uniform(0.8, 1.25, 2)
    points = middle + np.stack([np.cos(angle), np.sin(angle)], 1) * radii * rng.uniform(0.86, 1.14, (14, 1))
    points = points @ to_picture[:, :2].T + to_picture[:, 2]
    out = np.zeros((high, wide), np.float32)
    cv2.fillPoly(out, [np.round(points * 8).astype(np.int32)], 1.0, lineType=cv2.LINE_AA, shift=3)
    per_unit = np.hypot(*to_picture[:, 0])
    soft = max(0.3, rng.uniform(1.0, 6.5) * per_unit)
    out = cv2.GaussianBlur(out, (0, 0), soft)
    strength = 1.0 if rng.random() < 0.5 else rng.uniform(0.25, 1.0)
    return out[..., None] * strength


def paste(target, donor, m):
    return (target * (1 - m) + donor * m + 0.5).astype(np.uint8)


def matched(donor, target, weight):
    """Donor with the target's mean and spread in Lab, as far as both are weighed."""
    a, b = cv2.cvtColor(donor, cv2.COLOR_RGB2LAB).astype(np.float32), cv2.cvtColor(target, cv2.COLOR_RGB2LAB).astype(np.float32)
    w = weight / (weight.sum() + 1e-6)
    ma, mb = (a * w).sum((0, 1)), (b * w).sum((0, 1))
    sa, sb = np.sqrt((((a - ma) ** 2) * w).sum((0, 1)) + 1), np.sqrt((((b - mb) ** 2) * w).sum((0, 1)) + 1)
    out = (a - ma) * np.clip(sb / sa, 0.5, 2) + mb
    return cv2.cvtColor(np.clip(out, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def detail_matched(copy, genuine, share):
    """Copy with its fine detail scaled to that of the genuine one, so that sharpness alone does not tell them."""
    low = cv2.GaussianBlur(copy.astype(np.float32), (0, 0), 1.0)
    fine, theirs = copy - low, genuine - cv2.GaussianBlur(genuine.astype(np.float32), (0, 0), 1.0)
    gain = np.clip(theirs.std() / (fine.std() + 1e-3), 0.5, 2.5) * share
    return np.clip(low + fine * gain, 0, 255).astype(np.uint8)


def altered(picture, rng):
    """Another colour, another sharpness: what a pasted face brings along."""
    out = picture.astype(np.float32)
    out = out * rng.uniform(0.88, 1.12, 3) + rng.uniform(-10, 10, 3)
    kind = rng.random()
    if kind < 0.35:
        high, wide = picture.shape[:2]
        scale = rng.uniform(0.4, 0.9)
        small = cv2.resize(out, (max(8, int(wide * scale)), max(8, int(high * scale))), interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (wide, high), interpolation=cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR)
    elif kind < 0.6:
        out = out + rng.uniform(0.3, 1.5) * (out - cv2.GaussianBlur(out, (0, 0), rng.uniform(0.8, 2)))
    elif kind < 0.75:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.5))
    return np.clip(out, 0, 255).astype(np.uint8)


def self_blend(picture, landmarks, rng):
    high, wide = picture.shape[:2]
    centre = np.asarray(landmarks).reshape(5, 2).mean(0)
    d = np.hypot(*(np.asarray(landmarks).reshape(5, 2)[3:].mean(0) - np.asarray(landmarks).reshape(5, 2)[:2].mean(0)))
    matrix = cv2.getRotationMatrix2D(tuple(map(float, centre)), rng.uniform(-2, 2), rng.uniform(0.95, 1.05))
    matrix[:, 2] += rng.uniform(-0.06, 0.06, 2) * d
    donor = warp(altered(picture, rng), matrix, (wide, high))
    return paste(picture, donor, mask(picture.shape, landmarks, rng))


def cross_blend(target, landmarks, donor, donor_landmarks, rng):
    """Another's face at the resolution that a face generator would give it, in the target's colours."""
    side = int(rng.integers(64, 161))
    template = TEMPLATE * side / 112
    to_small = similar(donor_landmarks, template)
    small = warp(donor, to_small, (side, side))
    points = np.asarray(donor_landmarks, np.float64).reshape(5, 2) @ to_small[:, :2].T + to_small[:, 2]
    under = warp(target, similar(landmarks, template), (side, side))
    y, x = np.mgrid[:side, :side] / side
    inner = (((x - 0.5) / 0.3) ** 2 + ((y - 0.62) / 0.36) ** 2 < 1).astype(np.float32)[..., None]
    if rng.random() < 0.85:
        small = matched(small, under, inner)
    high, wide = target.shape[:2]
    face = warp(small, affine(points, landmarks), (wide, high))
    return paste(target, face, mask(target.shape, landmarks, rng))
