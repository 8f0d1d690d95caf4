"""Pictures to learn from, made anew for every step: faces, frames and photographs at all sizes, and what the teacher says of them.

The teacher sees a scene before light, blur, noise and JPEG spoil it; the detector after. Photographs without faces are known to have none, whatever
the teacher sees there; a face that was pasted but that the teacher missed counts neither way.
"""

import collections

import cv2
import numpy as np

import boxes
from teacher import SIDE

SMALLEST, LARGEST = 13, 300  # px, side of a pasted face
FIRM = 0.5  # the teacher's score from which a face has its box and landmarks learnt
BELONGS = 0.5  # overlap of an anchor's own box with the face it then answers for
KINDS, SHARES = ("frame", "paste", "mosaic", "empty"), (0.36, 0.30, 0.14, 0.20)

# sought[y, x]: faces may be here; placed: boxes where faces were put
Scene = collections.namedtuple("Scene", "picture sought placed")


def turned(image, rng, side, at, most=30, box=None):
    """The matrix that puts `image` (its `box`, x y w h, or all of it, longest side made `side` px) at `at`, turned and perhaps mirrored."""
    h, w = image.shape[:2]
    x, y, bw, bh = (0, 0, w, h) if box is None else box
    scale = side / max(bw, bh)
    angle = np.deg2rad(rng.uniform(-most, most)) if rng.random() < 0.7 else 0.0
    mirror = -1 if rng.random() < 0.5 else 1
    stretch = np.exp(rng.normal(0, 0.05))
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    m = np.array([[c * mirror * stretch, -s, 0], [s * mirror * stretch, c, 0]], np.float32)
    m[:, 2] = np.asarray(at) - m[:, :2] @ (x + bw / 2, y + bh / 2)
    return m


def small(image, matrix):
    """`image` and `matrix` with the picture halved by areas as long as it is shrunk by more than two: else it would alias."""
    while abs(np.linalg.det(matrix[:, :2])) < 0.25 and min(image.shape[:2]) > 16:
        h, w = image.shape[0] // 2, image.shape[1] // 2
        matrix = matrix.copy()
        matrix[:, :2] *= (image.shape[1] / w, image.shape[0] / h)
        image = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    return image, matrix


def put(canvas, image, matrix, soft=None):
    """Warps `image` onto `canvas`; `soft`: a mask over the image. Returns where it landed."""
    image, matrix = small(image, matrix)
    landed = np.zeros((SIDE, SIDE), bool)
    x, y, w, h = moved((0, 0, *image.shape[1::-1]), matrix)
    x0, y0, x1, y1 = np.clip(np.rint([x - 1, y - 1, x + w + 1, y + h + 1]).astype(int), 0, SIDE)
    if x1 <= x0 or y1 <= y0:
        return landed
    matrix = matrix - np.array([[0, 0, x0], [0, 0, y0]], np.float32)
    size = (int(x1 - x0), int(y1 - y0))
    mask = np.full(image.shape[:2], 255, np.uint8) if soft is None else cv2.resize(soft, image.shape[1::-1])
    over, weight = cv2.warpAffine(image, matrix, size), cv2.warpAffine(mask, matrix, size)
    place = canvas[y0:y1, x0:x1]
    if soft is None:
        cv2.copyTo(over, (weight > 127).astype(np.uint8), place)
    else:
        place[:] = place + (over - place.astype(np.float32)) * (weight[..., None].astype(np.float32) / 255)
    landed[y0:y1, x0:x1] = weight > 60
    return landed


def oval(image, box):
    """A soft-edged ellipse somewhat larger than the face, so that not every pasted face ends in a straight edge."""
    mask = np.zeros(image.shape[:2], np.uint8)
    x, y, w, h = box
    cv2.ellipse(mask, (int(x + w / 2), int(y + h / 2)), (max(2, int(w * 0.62)), max(2, int(h * 0.62))), 0, 0, 360, 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), 4)


def moved(box, matrix):
    """The upright box around a warped one."""
    x, y, w, h = box
    p = np.array([[x, y], [x + w, y], [x, y + h], [x + w, y + h]]) @ matrix[:, :2].T + matrix[:, 2]
    return *p.min(0), *(p.max(0) - p.min(0))


class Maker:
    """`faces`: (picture, box) pairs; `frames`, `empty`: pictures. All RGB bytes."""

    def __init__(self, faces, frames, empty, teacher):
        self.faces, self.frames, self.empty, self.teacher = faces, frames, empty, teacher

    def pick(self, rng, items):
        return items[int(rng.integers(len(items)))]

    def background(self, rng):
        """Black, one colour, or a photograph without faces over the whole canvas."""
        canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
        kind = rng.random()
        if kind < 0.15:
            canvas[:] = rng.integers(0, 256, 3)
        elif kind < 0.9:
            image = self.pick(rng, self.empty)
            put(canvas, image, turned(image, rng, rng.uniform(1.0, 3.0) * SIDE * max(image.shape[:2]) / min(image.shape[:2]), rng.uniform(0.4, 0.6, 2) * SIDE, 15))
        return canvas

    def paste(self, rng, canvas, sought, placed, side, at):
        image, box = self.pick(rng, self.faces)
        matrix = turned(image, rng, side, at, box=box)
        sought |= put(canvas, image, matrix, oval(image, box) if rng.random() < 0.35 else None)
        placed.append(moved(box, matrix))

    def scene(self, rng):
        canvas, sought, placed = self.background(rng), np.zeros((SIDE, SIDE), bool), []
        kind = rng.choice(KINDS, p=SHARES)
        if kind == "frame":
            image = self.pick(rng, self.frames)
            side = SIDE if rng.random() < 0.3 else np.exp(rng.uniform(np.log(110), np.log(900)))
            matrix = turned(image, rng, side, rng.uniform(0.3, 0.7, 2) * SIDE)
            if rng.random() < 0.35:  # as it comes in a call: fitted to the top left, the rest black
                canvas[:] = 0
                scale = SIDE / max(image.shape[:2])
                matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float32)
            sought |= put(canvas, image, matrix)
        elif kind == "paste":
            for _ in range(int(rng.integers(1, 6))):
                self.paste(rng, canvas, sought, placed, np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))), rng.uniform(0, SIDE, 2))
        else:
            across = int(rng.integers(1, 3) if kind == "empty" else rng.integers(2, 6))
            cell = SIDE / across
            for i in range(across * across if across > 1 else 0):
                corner = np.array([i % across, i // across]) * cell
                tile, inside, put_here = canvas.copy(), np.zeros_like(sought), []
                if kind == "empty" or rng.random() < 0.25:
                    image = self.pick(rng, self.empty)
                    put(tile, image, turned(image, rng, cell * rng.uniform(0.8, 2.5), corner + cell / 2))
                elif rng.random() < 0.4:
                    image = self.pick(rng, self.frames)
                    inside |= put(tile, image, turned(image, rng, cell * rng.uniform(0.9, 2.0), corner + cell / 2))
                else:
                    self.paste(rng, tile, inside, put_here, cell * rng.uniform(0.5, 1.1), corner + cell * rng.uniform(0.4, 0.6, 2))
                x0, y0 = corner.astype(int)
                x1, y1 = (corner + cell).astype(int)
                canvas[y0:y1, x0:x1], sought[y0:y1, x0:x1] = tile[y0:y1, x0:x1], inside[y0:y1, x0:x1]
                placed += put_here
        if rng.random() < 0.2:
            occlude(canvas, rng)
        return Scene(canvas, sought, placed)

    def labelled(self, rng):
        """(picture as the detector sees it, scores [N], weights [N], faces [N, 14], which anchors have a face)."""
        scene = self.scene(rng)
        return spoil(scene.picture, rng), *labels(self.teacher.faces(scene.picture), scene, self.teacher)


def labels(said, scene, teacher):
    middle = np.clip((said[:, 1:3] + said[:, 3:5] / 2).astype(int), 0, SIDE - 1)
    centre = np.clip((teacher.at + teacher.step / 2).astype(int), 0, SIDE - 1)
    known = scene.sought[middle[:, 1], middle[:, 0]]
    said[:, 0] *= known
    target, weight, has = said[:, 0].copy(), np.ones(len(said), np.float32), np.zeros(len(said), bool)
    places = said[:, 1:].copy()
    kept = boxes.suppress(said, FIRM)
    for face in kept:
        own = (boxes.overlap(face[1:5], said[:, 1:5]) > BELONGS) & (target > 0.25)
        places[own], has[own] = face[1:], True
    for box in scene.placed:
        if not len(kept) or boxes.overlap(np.asarray(box), kept[:, 1:5]).max() < 0.3:
            x, y, w, h = box
            weight[~has & (centre[:, 0] > x) & (centre[:, 0] < x + w) & (centre[:, 1] > y) & (centre[:, 1] < y + h) & scene.sought[centre[:, 1], centre[:, 0]]] = 0
    return target, weight, places, has


def occlude(canvas, rng):
    for _ in range(int(rng.integers(1, 5))):
        w, h = rng.integers(6, 70, 2)
        x, y = rng.integers(0, SIDE - 6, 2)
        canvas[y : y + h, x : x + w] = rng.integers(0, 256, 3) if rng.random() < 0.7 else rng.integers(0, 256, (1, 1, 3))


def spoil(picture, rng):
    """Light, colour, blur, noise, coarse resampling and JPEG, each at times."""
    x = picture
    if rng.random() < 0.25:
        side = int(SIDE * rng.uniform(0.4, 0.9))
        x = cv2.resize(cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.6))
    elif rng.random() < 0.08:
        n = int(rng.integers(3, 10))
        kernel = np.zeros((n, n), np.float32)
        kernel[n // 2] = 1 / n
        x = cv2.filter2D(x, -1, kernel if rng.random() < 0.6 else kernel.T)
    tone = np.arange(256, dtype=np.float32)[:, None] / 255
    tone = tone ** np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.2)) * np.exp(rng.normal(0, 0.07, 3)) + rng.normal(0, 0.05)
    if rng.random() < 0.12:
        tone *= rng.uniform(0.12, 0.5)
    x = cv2.LUT(x, np.clip(tone * 255, 0, 255).astype(np.uint8)[None])
    if rng.random() < 0.12:
        x = cv2.cvtColor(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.3:
        x = np.clip(x + rng.standard_normal(x.shape, dtype=np.float32) * rng.uniform(1, 12), 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        x = cv2.imdecode(cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))])[1], cv2.IMREAD_COLOR)
    return x
