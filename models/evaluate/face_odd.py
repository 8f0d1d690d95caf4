#!/usr/bin/env python3
"""Genuine people who look strange: one clip of each, as a call with filters, bad light or an odd layout would show it, as crops for both face networks.

usage: face_odd.py WORK DATA --yunet GRAPH --mediapipe FOLDER [--part I/N] [--sheet FILE]
FOLDER holds mediapipe 0.10.14 (models/training/face/README.md says how to fill it): its selfie segmentation is the person's mask, its face mesh says where lips, lids and irises are. DATA/negatives: photographs without people, of which the third
kept for measuring lies behind people and on screens. 2.5 s at 480 px at most, looks 0.2 s apart. Writes WORK/odd/ID-EFFECT.npz: `crops` (face-forgery's), `wide` (face-replay's, of every second look) and `facts`; what is there is left as it is.
--sheet draws one look of every effect of the first people instead, to see what they are.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "training" / "replay"))
import surroundings
from replaynet import FACTOR, SIZE
from surroundings import eyes, frames, geometry

sys.path.append(str(HERE.parent / "training" / "face"))
import facefolds

LONG, SECONDS = 480, 2.5
EFFECTS = {
    "plain": "as they were",
    "blurred": "background blurred",
    "replaced": "background replaced by a photograph",
    "beauty": "beauty filter: skin smoothed and brightened",
    "makeup": "make-up: lips, lids, cheeks",
    "masked": "a face mask over mouth and nose",
    "hand": "something plain in skin's colour, as a hand, before half of the face",
    "gaze": "eye contact corrected: irises moved by a warp",
    "framed": "auto-framing: slow zoom and pan",
    "denoised": "heavy denoising, in space and time",
    "dim": "low light: an eighth of it, with its noise, coded",
    "slow": "5 pictures a second, exposed long, coded",
    "thin": "120 kbit/s",
    "shared": "a small tile in a shared screen",
    "television": "a television with another person behind",
    "tile": "portrait tile, bars at the sides",
    "still": "a still picture in such a tile, coded",
}
# Points of the face mesh
OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109]
LIPS = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
MOUTH = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
EYES = ([33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246], [362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398])
BROWS = ([70, 63, 105, 66, 107, 55, 65, 52, 53, 46], [300, 293, 334, 296, 336, 285, 295, 282, 283, 276])
LIDS = ([33, 246, 161, 160, 159, 158, 157, 173, 133, 55, 65, 52, 53, 46], [362, 398, 384, 385, 386, 387, 388, 466, 263, 276, 283, 282, 295, 285])  # from the lashes up to the brow
CHEEKS, CORNERS, IRISES = (50, 280), ((33, 133), (362, 263)), (468, 473)
JAW = [454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234]
STILL_CHANGE, CELLS, SPOT = 4.5, 40, 5  # the program's (callguard-vision's gate): what changes less is a still


class Mesh:
    """Per picture (RGB) the mask of the person, 0 to 1, and 478 points of the face, or None"""

    def __init__(self, folder):
        if not (pathlib.Path(folder) / "mediapipe").is_dir():
            sys.exit(f"face_odd.py: no mediapipe in {folder}: fill it as models/training/face/README.md says")
        sys.path.insert(0, str(folder))  # before an installed protobuf, which may be too new for it
        from mediapipe.python.solutions import face_mesh, selfie_segmentation

        self.parts = face_mesh.FaceMesh, selfie_segmentation.SelfieSegmentation

    def __call__(self, pictures):
        mesh, person = self.parts
        with mesh(refine_landmarks=True, min_detection_confidence=0.3) as faces, person(model_selection=0) as people:
            out = []
            for picture in pictures:
                high, wide = picture.shape[:2]
                found = faces.process(picture).multi_face_landmarks
                points = np.array([(p.x * wide, p.y * high) for p in found[0].landmark]) if found else None
                out.append((people.process(picture).segmentation_mask, points))
        return out


def area(shape, points, soft):
    mask = np.zeros(shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1.0)
    return cv2.GaussianBlur(mask, (0, 0), max(0.5, soft))


def mixed(a, b, mask):
    return np.clip(a + (b.astype(np.float32) - a) * mask[..., None], 0, 255).astype(np.uint8)


def width_of(points):
    return float(np.linalg.norm(points[454] - points[234]))


def blurred(picture, mask):
    sigma = max(picture.shape[:2]) / 40
    back = 1 - mask
    far = cv2.GaussianBlur(picture * back[..., None], (0, 0), sigma) / (cv2.GaussianBlur(back, (0, 0), sigma)[..., None] + 1e-3)
    return mixed(far, picture, mask)


def covering(photo, size):
    """The photograph, cut and scaled to cover (wide, high)"""
    scale = max(size[0] / photo.shape[1], size[1] / photo.shape[0])
    photo = cv2.resize(photo, None, fx=scale * 1.001, fy=scale * 1.001, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (photo.shape[1] - size[0]) // 2, (photo.shape[0] - size[1]) // 2
    return np.ascontiguousarray(photo[top : top + size[1], left : left + size[0]])


def beauty(picture, points):
    if points is None:
        return picture
    w = width_of(points)
    skin = area(picture.shape, points[OVAL], 0.03 * w)
    for kept in (*EYES, *BROWS, LIPS):
        skin *= 1 - area(picture.shape, points[kept], 0.02 * w)
    smooth = picture.copy()
    left, top, right, bottom = (max(0, int(v)) for v in (*points[OVAL].min(0), *points[OVAL].max(0)))
    part = np.ascontiguousarray(picture[top:bottom, left:right])
    if part.size:
        smooth[top:bottom, left:right] = cv2.bilateralFilter(part, min(15, 2 * int(0.03 * w) + 3), 40, max(1.0, 0.03 * w))
    return mixed(picture, np.clip(smooth * 1.06 + 4.0, 0, 255), 0.85 * skin)


def made_up(picture, points):
    if points is None:
        return picture
    w, out = width_of(points), picture
    lips = np.clip(area(picture.shape, points[LIPS], 0.008 * w) - area(picture.shape, points[MOUTH], 0.008 * w), 0, 1)
    cheeks = np.zeros(picture.shape[:2], np.float32)
    for at in CHEEKS:
        cv2.circle(cheeks, tuple(int(v) for v in points[at]), int(0.1 * w), 1.0, -1)
    cheeks = cv2.GaussianBlur(cheeks, (0, 0), 0.05 * w)
    lids = sum(area(picture.shape, points[lid], 0.015 * w) for lid in LIDS)
    lashes = np.zeros(picture.shape[:2], np.float32)
    for eye in EYES:
        cv2.polylines(lashes, [np.round(points[eye]).astype(np.int32)], True, 1.0, max(1, int(0.012 * w)), cv2.LINE_AA)
    for mask, colour, strength in ((lips, (0.72, 0.16, 0.26), 0.8), (cheeks, (1.0, 0.62, 0.62), 0.5), (np.clip(lids, 0, 1), (0.55, 0.35, 0.5), 0.55), (lashes, (0.12, 0.1, 0.1), 0.75)):
        tint = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[..., None] * np.array(colour) * (1.35 if mask is lips else 1.1) if mask is lips else out * np.array(colour)
        out = mixed(out, tint, strength * mask)
    return out


def masked(picture, points):
    """From the bridge of the nose to below the chin, in pale blue with three folds, shaded as the face is"""
    if points is None:
        return picture
    w, grey = width_of(points), cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mask = area(picture.shape, np.concatenate([points[JAW], points[[197]]]), 0.008 * w)
    shade = cv2.GaussianBlur(grey, (0, 0), 0.06 * w)
    shade /= (shade * mask).sum() / max(mask.sum(), 1.0) + 1e-3
    folds = np.zeros_like(grey)
    for share in (0.3, 0.5, 0.7):
        across = points[[JAW[0], 197, JAW[-1]]] * (1 - share) + points[[JAW[0], 152, JAW[-1]]] * share
        cv2.polylines(folds, [np.round(across).astype(np.int32)], False, 1.0, max(1, int(0.01 * w)), cv2.LINE_AA)
    light = np.clip((grey * mask).sum() / max(mask.sum(), 1.0) * 1.2, 20, 215)
    return mixed(picture, (light * shade * (1 - 0.2 * folds))[..., None] * (0.86, 1.0, 1.08), mask)


def hand(picture, points, side):
    """A blurred ellipse in the cheek's colour over one side, or the other"""
    if points is None:
        return picture
    w, middle, edge = width_of(points), points[4], points[454 if side else 234]
    colour = np.median(cv2.GaussianBlur(picture, (0, 0), 2)[tuple(np.clip(points[list(CHEEKS)][:, ::-1].astype(int), 0, np.array(picture.shape[:2]) - 1).T)], axis=0)
    mask = np.zeros(picture.shape[:2], np.float32)
    at = middle * 0.4 + edge * 0.6
    cv2.ellipse(mask, (tuple(float(v) for v in at), (0.55 * w, 1.1 * w), 12 if side else -12), 1.0, -1, cv2.LINE_AA)
    y = np.mgrid[: picture.shape[0], : picture.shape[1]][0]
    tone = colour * (1 - 0.25 * np.clip((y - at[1]) / w, -0.6, 0.6))[..., None]
    return mixed(picture, np.clip(tone, 0, 255), cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.01 * w)))


def looked(picture, points):
    """Irises to the middle of the eye and a little up, as if the eyes met the camera above the screen"""
    if points is None:
        return picture
    high, wide = picture.shape[:2]
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    dx, dy = np.zeros_like(x), np.zeros_like(y)
    for iris, corners in zip(IRISES, CORNERS):
        a, b = points[corners[0]], points[corners[1]]
        across = float(np.linalg.norm(b - a))
        move = np.clip((a + b) / 2 - points[iris] + [0, -0.1 * across], -0.25 * across, 0.25 * across)
        near = np.exp(-((x - points[iris][0]) ** 2 + (y - points[iris][1]) ** 2) / (2 * (0.28 * across) ** 2))
        dx, dy = dx + near * move[0], dy + near * move[1]
    return cv2.remap(picture, (x - dx).astype(np.float32), (y - dy).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def framed(picture, landmarks, share):
    """Share of the way from the whole picture to 62 % of it around the face"""
    high, wide = picture.shape[:2]
    part = 1 - 0.38 * share
    x, y = geometry.pose(landmarks)[:2]
    left = share * np.clip(x - part * wide / 2, 0, (1 - part) * wide)
    top = share * np.clip(y - part * high / 2, 0, (1 - part) * high)
    return cv2.warpAffine(picture, np.array([[1 / part, 0, -left / part], [0, 1 / part, -top / part]]), (wide, high), flags=cv2.INTER_LINEAR)


def dimmed(picture, rng):
    """An eighth of the light on the sensor, a camera that gains half of it back, and the noise of both"""
    light = (picture / 255.0) ** 2.2 / 8
    light = rng.normal(light, np.sqrt(light * 0.0012 + 0.00003)) * 2.5
    return np.round(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def desktop(rng, photo, size=(960, 540)):
    """A still screen: wallpaper, windows with text, a bar of icons"""
    screen = covering(photo, size)
    for _ in range(3):
        w, h = rng.integers(260, 480), rng.integers(200, 380)
        x, y = rng.integers(0, size[0] - w), rng.integers(0, size[1] - h - 30)
        cv2.rectangle(screen, (x, y), (x + w, y + h), (250, 250, 250), -1)
        cv2.rectangle(screen, (x, y), (x + w, y + 22), tuple(int(v) for v in rng.integers(40, 200, 3)), -1)
        cv2.putText(screen, "report - draft 3", (x + 8, y + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
        for row in range(y + 42, y + h - 8, 16):
            words = " ".join("".join(chr(97 + c) for c in rng.integers(0, 26, rng.integers(2, 9))) for _ in range(w // 42))
            cv2.putText(screen, words[: w // 8], (x + 10, row), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA)
    cv2.rectangle(screen, (0, size[1] - 28), size, (35, 38, 45), -1)
    for i in range(12):
        cv2.rectangle(screen, (10 + 34 * i, size[1] - 24), (30 + 34 * i, size[1] - 4), tuple(int(v) for v in rng.integers(60, 240, 3)), -1)
    return screen


def shared(pictures, screen, rng):
    high, wide = pictures[0].shape[:2]
    scale = min(330 / wide, 300 / high)
    size = (int(wide * scale), int(high * scale))
    left, top = screen.shape[1] - size[0] - int(rng.integers(8, 40)), int(rng.integers(8, 40))
    out = []
    for picture in pictures:
        shown = screen.copy()
        shown[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        out.append(shown)
    return out


def television(picture, mask, other, landmarks):
    """Another's clip on a screen behind the person, on the side where more room is"""
    high, wide = picture.shape[:2]
    x, y, d, _ = geometry.pose(landmarks)
    w = int(min(0.42 * wide, 3.2 * d))
    h = int(w * 9 / 16)
    left, top = int(0.03 * wide) if x > wide / 2 else int(0.97 * wide) - w, int(np.clip(y - 1.6 * d, 0.06 * high, 0.4 * high))
    h = min(h, high - top - 4)
    back = picture.copy()
    cv2.rectangle(back, (left - 4, top - 4), (left + w + 3, top + h + 3), (18, 18, 20), -1)
    back[top : top + h, left : left + w] = np.clip(covering(other, (w, h)) * 1.1 + 6, 0, 255)
    return mixed(back, picture, mask)


def tile(picture, landmarks):
    """The middle of a telephone's picture, upright, between black bars"""
    high, wide = picture.shape[:2]
    w = min(wide, high * 9 // 16)
    left = int(np.clip(geometry.pose(landmarks)[0] - w / 2, 0, wide - w))
    full = high * 16 // 9
    out = np.zeros((high, full, 3), np.uint8)
    out[:, (full - w) // 2 : (full - w) // 2 + w] = picture[:, left : left + w]
    return out


def at_most(path, filters, options=()):
    """RGB looks at the clip after ffmpeg's filters and codec, at its own rate"""
    fit = f"scale='if(gt(iw,ih),min({LONG},iw),-2)':'if(gt(iw,ih),-2,min({LONG},ih))',scale='trunc(iw/2)*2':'trunc(ih/2)*2'"
    with tempfile.NamedTemporaryFile(suffix=".mkv") as made:
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", path, "-t", str(SECONDS + 0.2), "-an", "-vf", ",".join([fit, *filters]), *(options or ["-c:v", "ffv1", "-pix_fmt", "yuv420p"]), "-threads", "1", made.name],
                       check=True, stderr=subprocess.DEVNULL)
        return looks(made.name)


def looks(path):
    """[(seconds, RGB)], one picture an instant of the grid"""
    found = {}
    for at, picture in frames.pictures(path, SECONDS):
        found.setdefault(at, picture)
    return [(at, np.ascontiguousarray(surroundings.even(surroundings.small(p, LONG))[..., ::-1])) for at, p in found.items()]


def rng_of(row, effect):
    return np.random.default_rng(int(hashlib.sha256(f"{row['id']} {effect} odd".encode()).hexdigest()[:12], 16))


class Person:
    """One clip, and what is known of its looks"""

    def __init__(self, row, other, sight, mesh, photos):
        self.row, self.other, self.photos, self.mesh, self.sight = row, other, photos, mesh, sight
        self.times, self.pictures = zip(*looks(row["path"]))
        last, self.points = None, []
        for picture in self.pictures:
            last = face = eyes.follow(sight.faces(picture[..., ::-1]), last)
            self.points.append(None if face is None else face[4:14])
        seen = [p for p in self.points if p is not None]
        self.points = [p if p is not None else seen[0] for p in self.points] if seen else []
        self.meshed = None

    def each(self, change):
        self.meshed = self.meshed or self.mesh(self.pictures)
        return [change(n, picture, *known) for n, (picture, known) in enumerate(zip(self.pictures, self.meshed))]

    def render(self, effect):
        """[(seconds, RGB)]"""
        rng, pictures, path = rng_of(self.row, effect), list(self.pictures), self.row["path"]
        photo = surroundings.wall(self.photos, rng)
        high, wide = pictures[0].shape[:2]
        if effect == "denoised":
            return at_most(path, ["hqdn3d=10:8:18:14"])
        if effect == "slow":
            return at_most(path, ["tmix=frames=4", "fps=5"], [*frames.H264, "-b:v", "250k"])
        if effect == "thin":
            return at_most(path, [], [*frames.H264, "-b:v", "120k"])
        if effect == "blurred":
            pictures = self.each(lambda n, p, mask, _: blurred(p, mask))
        elif effect == "replaced":
            behind = covering(photo, (wide, high))
            pictures = self.each(lambda n, p, mask, _: mixed(behind, p, mask))
        elif effect == "beauty":
            pictures = self.each(lambda n, p, _, points: beauty(p, points))
        elif effect == "makeup":
            pictures = self.each(lambda n, p, _, points: made_up(p, points))
        elif effect == "masked":
            pictures = self.each(lambda n, p, _, points: masked(p, points))
        elif effect == "hand":
            side = rng.random() < 0.5
            pictures = self.each(lambda n, p, _, points: hand(p, points, side))
        elif effect == "gaze":
            pictures = self.each(lambda n, p, _, points: looked(p, points))
        elif effect == "framed":
            pictures = [framed(p, self.points[n], n / max(len(pictures) - 1, 1)) for n, p in enumerate(pictures)]
        elif effect == "dim":
            pictures = surroundings.coded([dimmed(p, rng) for p in pictures], surroundings.codec(rng, high * wide))
        elif effect == "shared":
            pictures = shared(pictures, desktop(rng, photo), rng)
        elif effect == "television":
            another = [p for _, p in looks(self.other["path"])]
            pictures = self.each(lambda n, p, mask, _: television(p, mask, another[n % len(another)], self.points[n]))
        elif effect == "tile":
            pictures = [tile(p, self.points[0]) for p in pictures]
        elif effect == "still":
            pictures = surroundings.coded([tile(pictures[0], self.points[0])] * len(pictures), surroundings.codec(rng, high * high * 16 // 9))
        return list(zip(self.times, pictures))


class Still:
    """Whether the picture where the face was changed since it changed last: the program's rule"""

    def __init__(self):
        self.then = None

    def stirred(self, picture, landmarks):
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        sample = lambda place: geometry.square(grey, place[:2], geometry.FACTOR * place[2], place[3], CELLS)[0].astype(np.float32)
        first = self.then is None
        if not first:
            change = np.abs(cv2.blur(sample(self.then[0]) - self.then[1], (SPOT, SPOT)))[SPOT // 2 : -(SPOT // 2), SPOT // 2 : -(SPOT // 2)].max()
            if change <= STILL_CHANGE:
                return False
        place = geometry.pose(landmarks)
        self.then = place, sample(place)
        return not first


def taken(shown, sight):
    crops, wide, known, last, still = [], [], [], None, Still()
    for at, rgb in shown:
        picture = np.ascontiguousarray(rgb[..., ::-1])
        last = face = eyes.follow(sight.faces(picture), last)
        if face is None or face[2] * face[3] <= 0:
            continue
        crop, _ = geometry.crop(picture, face[4:14])
        light = float(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[40:120, 40:120].mean())
        entry = dict(seconds=at, wide=-1, stirred=still.stirred(picture, face[4:14]), sharpness=frames.sharpness(np.ascontiguousarray(crop[..., ::-1])), face_px=float(face[2] + face[3]) / 2, light=light)
        if round(at / frames.EVERY_S) % 2 == 0:
            entry["wide"] = len(wide)
            wide.append(geometry.crop(picture, face[4:14], FACTOR, size=SIZE)[0][..., ::-1])
        crops.append(crop[..., ::-1])
        known.append(entry)
    stack = lambda found, side: np.stack(found) if found else np.zeros((0, side, side, 3), np.uint8)
    return dict(crops=stack(crops, geometry.SIZE), wide=stack(wide, SIZE), facts=json.dumps(known))


def chosen(work):
    """One clip of every genuine person who is measured (a long recording where there is none)"""
    folds, found = facefolds.table(), {}
    rows = [r for r in csv.DictReader(open(work / "pictures.csv")) if r["label"] == "real" and r["kind"] in ("clip", "talk") and facefolds.fold_of(r, folds) is not None]
    for r in sorted(rows, key=lambda r: (r["kind"], r["id"])):
        found.setdefault(r["person"] or r["id"], r)
    return list(found.values())


def beside(row, rows):
    """Another person of the same fold, for the television"""
    folds = facefolds.table()
    same = [r for r in rows if r is not row and facefolds.fold_of(r, folds) == facefolds.fold_of(row, folds)]
    return same[int(row["id"][:6], 16) % len(same)]


def sheet(rows, make, out, people=4, side=200):
    lines = []
    for row in rows[:people]:
        person = make(row)
        cells = []
        for effect in EFFECTS:
            shown = person.render(effect)
            picture = shown[min(8, len(shown) - 1)][1]
            scale = side / picture.shape[0]
            cell = cv2.resize(picture, (int(picture.shape[1] * scale), side))[:, : side * 16 // 9]
            cell = np.pad(cell, ((0, 20), (0, side * 16 // 9 - cell.shape[1]), (0, 0)))
            cv2.putText(cell, effect, (4, side + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
            cells.append(cell)
        lines += [np.hstack(cells[i : i + 5]) for i in range(0, len(cells), 5)]
    cv2.imwrite(str(out), np.vstack(lines)[..., ::-1])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("data", type=pathlib.Path)
    ap.add_argument("--yunet", required=True)
    ap.add_argument("--mediapipe", required=True)
    ap.add_argument("--part", default="0/1")
    ap.add_argument("--sheet", type=pathlib.Path)
    a = ap.parse_args()
    cv2.setNumThreads(1)
    part, parts = map(int, a.part.split("/"))
    every, sight, mesh, photos = chosen(a.work), eyes.Eyes(a.yunet), Mesh(a.mediapipe), surroundings.walls_of(a.data / "negatives", measured=True)
    rows = every[part::parts]
    make = lambda row: Person(row, beside(row, every), sight, mesh, photos)
    if a.sheet:
        return sheet(rows, make, a.sheet)
    out = a.work / "odd"
    out.mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        missing = [e for e in EFFECTS if not (out / f"{row['id']}-{e}.npz").is_file()]
        person = make(row) if missing else None
        for effect in missing:
            whole = out / f"{row['id']}-{effect}.part.npz"
            np.savez(whole, **taken(person.render(effect) if person.points else [], sight))
            whole.replace(out / f"{row['id']}-{effect}.npz")
        if number % 10 == 9:
            print(part, number + 1, flush=True)
    print(part, "done", len(rows))


if __name__ == "__main__":
    main()
