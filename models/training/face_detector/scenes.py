"""Pictures to learn from, made anew for every step: faces, frames and photographs at all sizes, and what is known of them.

The teacher sees a scene before hands, masks, light, blur, noise and JPEG spoil it; the detector after. Photographs without faces are known to have
none, whatever the teacher sees there. Where a face is stands from how the scene was made (crops have their box and landmarks listed, frames were shown
to the teacher at full size): one that the teacher does not see in the scene is learnt as well, if enough of it can be seen; else it counts neither way.
"""

import collections

import cv2
import numpy as np

import boxes
from teacher import SIDE

SMALLEST, LARGEST = 12, 300  # px, side of a pasted face
FRAME = (48, 900)  # px, longest side of a frame
FIRM = 0.5  # the teacher's score from which a face has its box and landmarks learnt
TRUE = 0.6  # its score from which a face of a frame is known to be there
SURE = 0.9  # least score learnt for a face known to be there
BELONGS = 0.5  # overlap of an anchor's own box with the face it then answers for
CLEAR = 0.6  # share of a face's box that must be left to see for it to be learnt without the teacher
LEVELS = (45, 115)  # px, side of a face up to which stride 8, stride 16 answers for it
MIRRORED = [1, 0, 2, 4, 3]  # landmarks of a mirrored face
KINDS, SHARES = ("frame", "paste", "mosaic", "empty"), (0.36, 0.30, 0.14, 0.20)

# known: the faces of each picture put there; owner[y, x]: 0 where no face can be, else the number (from 1) of the one that lies there, COVERED if a patch does
Scene = collections.namedtuple("Scene", "picture known owner")
COVERED = -1


def turned(image, rng, side, at, most=30, box=None):
    """The matrix that puts `image` (its `box`, x y w h, or all of it, longest side made `side` px) at `at`, turned and perhaps mirrored."""
    h, w = image.shape[:2]
    x, y, bw, bh = (0, 0, w, h) if box is None else box
    scale = side / max(bw, bh)
    angle = np.deg2rad(rng.uniform(-most, most)) if rng.random() < 0.7 else 0.0
    mirror = -1 if rng.random() < 0.5 else 1
    stretch = np.exp(rng.normal(0, 0.05)) * (rng.uniform(0.6, 1) if rng.random() < 0.12 else 1)
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


def carried(face, matrix):
    """A face (box, landmarks) after a warp: its box around the turned oval that the old one held."""
    m, t = matrix[:, :2], matrix[:, 2]
    half = np.sqrt((m**2) @ (face[2:4] / 2) ** 2)
    points = face[4:].reshape(5, 2) @ m.T + t
    if np.linalg.det(m) < 0:
        points = points[MIRRORED]
    return np.concatenate([m @ (face[:2] + face[2:4] / 2) + t - half, 2 * half, points.ravel()]).astype(np.float32)


def turn(face):
    """How far a head is turned away: how far off the middle between the eyes the nose lies, along them, in their distance."""
    eyes, nose = face[4:8].reshape(2, 2), face[8:10]
    across = eyes[1] - eyes[0]
    return abs((nose - eyes.mean(0)) @ across) / max(across @ across, 1.0)


class Maker:
    """`faces`: (picture, its face) pairs; `frames`, `empty`: pictures. All RGB bytes; a face is a box and five landmarks."""

    def __init__(self, faces, frames, empty, teacher):
        self.faces, self.frames, self.empty, self.teacher = faces, frames, empty, teacher
        self.seen = {}
        likely = np.cumsum([1 + 6 * min(turn(face), 0.5) for _, face in faces])
        self.likely = likely / likely[-1]

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

    def frame(self, rng):
        """A frame, and the faces that the teacher sees when it fills the picture."""
        i = int(rng.integers(len(self.frames)))
        image = self.frames[i]
        if i not in self.seen:
            canvas, scale = np.zeros((SIDE, SIDE, 3), np.uint8), SIDE / max(image.shape[:2])
            put(canvas, image, scaled(scale))
            self.seen[i] = boxes.suppress(self.teacher.faces(canvas), TRUE)[:, 1:] / scale
        return image, self.seen[i]

    def paste(self, rng, canvas, known, owner, side, at):
        image, face = self.faces[int(np.searchsorted(self.likely, rng.random()))]
        matrix = turned(image, rng, side, at, box=face[:4])
        lay(canvas, known, owner, image, [face], matrix, oval(image, face[:4]) if rng.random() < 0.35 else None)

    def scene(self, rng):
        canvas, known, owner = self.background(rng), [], np.zeros((SIDE, SIDE), np.int16)
        kind = rng.choice(KINDS, p=SHARES)
        if kind == "frame":
            image, faces = self.frame(rng)
            side = SIDE if rng.random() < 0.3 else np.exp(rng.uniform(*np.log(FRAME)))
            matrix = turned(image, rng, side, rng.uniform(0.3, 0.7, 2) * SIDE)
            if rng.random() < 0.35:  # as it comes in a call: fitted to the top left, the rest black
                canvas[:] = 0
                matrix = scaled(min(side, SIDE) / max(image.shape[:2]))
            lay(canvas, known, owner, image, faces, matrix)
        elif kind == "paste":
            for _ in range(int(rng.integers(1, 7))):
                self.paste(rng, canvas, known, owner, np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))), rng.uniform(0, SIDE, 2))
        else:
            across = int(rng.integers(1, 3) if kind == "empty" else rng.integers(2, 6))
            cell = SIDE / across
            for i in range(across * across if across > 1 else 0):
                corner = np.array([i % across, i // across]) * cell
                tile, inside = canvas.copy(), np.zeros_like(owner)
                if kind == "empty" or rng.random() < 0.25:
                    image = self.pick(rng, self.empty)
                    put(tile, image, turned(image, rng, cell * rng.uniform(0.8, 2.5), corner + cell / 2))
                elif rng.random() < 0.4:
                    image, faces = self.frame(rng)
                    lay(tile, known, inside, image, faces, turned(image, rng, cell * rng.uniform(0.9, 2.0), corner + cell / 2))
                else:
                    self.paste(rng, tile, known, inside, cell * rng.uniform(0.5, 1.1), corner + cell * rng.uniform(0.4, 0.6, 2))
                x0, y0 = corner.astype(int)
                x1, y1 = (corner + cell).astype(int)
                canvas[y0:y1, x0:x1], owner[y0:y1, x0:x1] = tile[y0:y1, x0:x1], inside[y0:y1, x0:x1]
        if rng.random() < 0.15:
            occlude(canvas, owner, rng)
        return Scene(canvas, known, owner)

    def labelled(self, rng):
        """(picture as the detector sees it, scores [N], weights [N], faces [N, 14], which anchors have a face)."""
        scene = self.scene(rng)
        target, weight, places, has = labels(self.teacher.faces(scene.picture), scene, self.teacher)
        for face in np.unique(places[has], axis=0):
            if rng.random() < 0.25 and min(face[2:4]) > 16:
                self.hide(scene.picture, face, rng)
        return spoil(scene.picture, rng), target, weight, places, has

    def hide(self, picture, face, rng):
        """Covers part of a face that stays to be found: mouth and nose, the eyes, a half, or a hand's width here and there."""
        (x, y, w, h), points = face[:4], face[4:].reshape(5, 2)
        eyes, mouth = points[:2].mean(0), points[3:].mean(0)
        mask = np.zeros(picture.shape[:2], np.uint8)
        kind = rng.choice(4, p=(0.4, 0.15, 0.2, 0.25))
        if kind < 3:
            down = (mouth - eyes) / max(np.linalg.norm(mouth - eyes), 1.0)
            side = np.array([down[1], -down[0]])
            where = eyes + (mouth - eyes) * rng.uniform(0.25, 0.55)  # where a mask ends, on the nose
            corner = {
                0: (where - side * w * 0.55, where + side * w * 0.55, down * h),
                1: (eyes - down * h * 0.1 - side * w * 0.6, eyes - down * h * 0.1 + side * w * 0.6, down * h * rng.uniform(0.15, 0.25)),
                2: (points[2] - down * h, points[2] + down * h, side * w * rng.choice((-1, 1))),
            }[kind]
            a, b, far = corner
            outline = np.array([a, b, b + far, a + far])
            if kind == 0:  # towards the chin it narrows
                outline[2:] = outline[2:] + (where + far - outline[2:]) * rng.uniform(0.1, 0.5)
            cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255)
        else:
            for _ in range(int(rng.integers(1, 4))):
                at = np.array([x, y]) + rng.uniform(0.1, 0.9, 2) * (w, h)
                cv2.ellipse(mask, tuple(map(int, at)), (int(w * rng.uniform(0.12, 0.3)) + 1, int(w * rng.uniform(0.08, 0.25)) + 1), int(rng.integers(180)), 0, 360, 255, -1)
        x0, y0, x1, y1 = np.clip([x - w / 2, y - h / 2, x + 1.5 * w, y + 2 * h], 0, SIDE).astype(int)
        place, over = picture[y0:y1, x0:x1], mask[y0:y1, x0:x1] > 0
        if kind == 3 and rng.random() < 0.6:  # skin
            px, py = np.clip(points[2], 0, SIDE - 1).astype(int)
            place[over] = np.clip(picture[py, px] * rng.uniform(0.6, 1.2), 0, 255)
        elif rng.random() < 0.5:
            place[over] = rng.integers(0, 256, 3)
        else:
            image = self.pick(rng, self.empty)
            place[over] = cv2.resize(image, place.shape[1::-1], interpolation=cv2.INTER_AREA)[over]


def scaled(by):
    return np.array([[by, 0, 0], [0, by, 0]], np.float32)


def lay(canvas, known, owner, image, faces, matrix, soft=None):
    """Puts `image` with its faces on the canvas."""
    known.append([carried(face, matrix) for face in faces])
    owner[put(canvas, image, matrix, soft)] = len(known)


def visible(owner, number, box):
    """Share of a box that the picture of that number has to itself."""
    x0, y0 = np.floor(np.clip(box[:2], 0, SIDE)).astype(int)
    x1, y1 = np.ceil(np.clip(box[:2] + box[2:4], 0, SIDE)).astype(int)
    return (owner[y0:y1, x0:x1] == number).sum() / max(box[2] * box[3], 1.0)


def labels(said, scene, teacher):
    middle = np.clip((said[:, 1:3] + said[:, 3:5] / 2).astype(int), 0, SIDE - 1)
    said[:, 0] *= scene.owner[middle[:, 1], middle[:, 0]] != 0
    target, weight, has = said[:, 0].copy(), np.ones(len(said), np.float32), np.zeros(len(said), bool)
    places = said[:, 1:].copy()
    kept = boxes.suppress(said, FIRM)
    known = [(visible(scene.owner, i + 1, face), face) for i, faces in enumerate(scene.known) for face in faces]
    known = [(share, face) for share, face in known if share > 0]
    truth = np.array([face for _, face in known]).reshape(-1, 14)
    for face in kept:
        own = (boxes.overlap(face[1:5], said[:, 1:5]) > BELONGS) & (target > 0.25)
        places[own], has[own] = face[1:], True
        if len(truth) and boxes.overlap(face[1:5], truth).max() > BELONGS:
            target[own] *= max(1.0, SURE / face[0])
    np.minimum(target, 1, out=target)
    for share, face in known:
        if len(kept) and boxes.overlap(face, kept[:, 1:5]).max() > boxes.SAME_FACE:
            continue
        off = np.abs(teacher.at + teacher.step / 2 - face[:2] - face[2:4] / 2)
        side = np.sqrt(face[2] * face[3])
        weight[~has & (off < face[2:4] / 2).all(1)] = 0
        if side >= SMALLEST and share >= CLEAR:
            own = ~has & (teacher.step[:, 0] == 8 << np.searchsorted(LEVELS, side)) & (off <= np.maximum(0.75 * teacher.step, 0.12 * side)).all(1)
            places[own], has[own], target[own], weight[own] = face, True, SURE, 1
    return target, weight, places, has


def occlude(canvas, owner, rng):
    for _ in range(int(rng.integers(1, 5))):
        w, h = rng.integers(6, 70, 2)
        x, y = rng.integers(0, SIDE - 6, 2)
        canvas[y : y + h, x : x + w] = rng.integers(0, 256, 3) if rng.random() < 0.7 else rng.integers(0, 256, (1, 1, 3))
        here = owner[y : y + h, x : x + w]
        here[here > 0] = COVERED


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
    dark = rng.random() < 0.2
    if dark:
        tone *= np.exp(rng.uniform(np.log(0.1), np.log(0.5)))
    x = cv2.LUT(x, np.clip(tone * 255, 0, 255).astype(np.uint8)[None])
    if rng.random() < 0.12:
        x = cv2.cvtColor(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < (0.7 if dark else 0.25):
        x = np.clip(x + rng.standard_normal(x.shape, dtype=np.float32) * rng.uniform(1, 12), 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        x = cv2.imdecode(cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))])[1], cv2.IMREAD_COLOR)
    return x
