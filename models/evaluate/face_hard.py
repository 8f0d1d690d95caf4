"""What makes faces hard to find, made of pictures of people left out of training: dark, partly hidden, turned away, small, several; and long recordings.

The truth is what YuNet-n sees before the picture is spoilt or put together, or what the list of crops says: it is known that the face is there.
"""

import csv
import hashlib
import pathlib
import subprocess
import sys

import cv2
import numpy as np

TRAINING = pathlib.Path(__file__).resolve().parent.parent / "training"
sys.path[:0] = [str(TRAINING / "face_detector"), str(TRAINING / "face")]

import boxes
from pictures import DEMO
from scenes import turn
from teacher import SIDE

LIGHT, NOISE = 0.2, 4.0  # share of the light that is left; standard deviation in levels
TURNED = {"turned, nose off by 0.2 to 0.3": (0.2, 0.3), "turned, by 0.3 or more": (0.3, np.inf)}  # of the eyes' distance
SMALL = {"small, 16-24 px": (16, 24), "small, 24-40 px": (24, 40)}
MOSAICS = (2, 3)  # tiles across
CLOTHS = ((235, 235, 230), (120, 170, 210), (25, 25, 30))  # white, light blue, black
PER_SECOND = 5


def dark(picture, rng):
    return np.clip(np.rint(picture * LIGHT + rng.normal(0, NOISE, picture.shape)), 0, 255).astype(np.uint8)


def covered(picture, faces, outline, rng):
    """The picture with the polygon that `outline` gives for each face filled with a cloth's colour."""
    picture = picture.copy()
    for face in faces:
        cv2.fillPoly(picture, [np.rint(outline(face, rng)).astype(np.int32)], CLOTHS[rng.integers(len(CLOTHS))])
    return picture


def axes(face):
    """The middle of the eyes, the nose, and the way across and down the face, as long as its box."""
    points = face[5:].reshape(5, 2)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down = (mouth - eyes) / max(np.linalg.norm(mouth - eyes), 1.0)
    return eyes, points[2], np.array([down[1], -down[0]]) * face[3], down * face[4]


def mask(face, _):
    """From the bridge of the nose to below the chin."""
    eyes, nose, across, down = axes(face)
    top = (eyes + nose) / 2
    return [top - 0.5 * across, top + 0.5 * across, top + 0.35 * across + 0.6 * down, top - 0.35 * across + 0.6 * down]


def half(face, rng):
    """All on one side of the nose, left or right."""
    _, nose, across, down = axes(face)
    far = across * rng.choice((-1, 1))
    return [nose - down, nose - down + far, nose + down + far, nose + down]


def bar(face, _):
    eyes, _, across, down = axes(face)
    return [eyes - 0.55 * across - 0.11 * down, eyes + 0.55 * across - 0.11 * down, eyes + 0.55 * across + 0.11 * down, eyes - 0.55 * across + 0.11 * down]


HIDDEN = {"mask over mouth and nose": mask, "one half covered": half, "bar over the eyes": bar}


def rng_of(name, i):
    return np.random.default_rng([int(hashlib.md5(name.encode()).hexdigest()[:8], 16), i])


def harder(shown, truths):
    """((condition, person, picture), faces known to be there) of frames and crops of named people, made harder."""
    known = [(i, person, picture, faces) for i, ((condition, person, picture), faces) in enumerate(zip(shown, truths)) if condition in ("clips", "crops of named people") and len(faces)]
    for i, person, picture, faces in known:
        yield ("dark", person, dark(picture, rng_of("dark", i))), faces
    for name, outline in HIDDEN.items():
        for i, person, picture, faces in known:
            yield (name, person, covered(picture, faces, outline, rng_of(name, i))), faces
    for name, (low, high) in TURNED.items():
        for _, person, picture, faces in known:
            chosen = np.array([low <= turn(face[1:]) < high for face in faces])
            if chosen.any():
                yield (name, person, picture), faces[chosen]


def cornered(picture, scale):
    """The picture scaled, at the top left of a black canvas."""
    size = [max(1, round(n * scale)) for n in picture.shape[1::-1]]
    canvas = np.zeros((SIDE, SIDE, 3), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return canvas


def small(crops):
    """Crops, (person, picture, its listed face), shrunk until the face has the side asked for."""
    for name, sides in SMALL.items():
        for i, (person, picture, face) in enumerate(crops):
            scale = rng_of(name, i).uniform(*sides) / np.sqrt(face[2] * face[3])
            yield (name, person, cornered(picture, scale)), np.concatenate([[1.0], face * scale])[None]


def mosaics(crops, teacher, least):
    """Crops side by side; known to be there is what the teacher sees, scored at least `least`, of each alone at that size. Each mosaic stands for a person."""
    for across in MOSAICS:
        cell, mixed = SIDE // across, rng_of("mosaic", across).permutation(len(crops))
        for group in mixed[: len(crops) // across**2 * across**2].reshape(-1, across**2):
            canvas, faces = np.zeros((SIDE, SIDE, 3), np.uint8), []
            for i, n in enumerate(group):
                picture = crops[n][1]
                alone, (x, y) = cornered(picture, cell / max(picture.shape[:2])), (i % across * cell, i // across * cell)
                canvas[y : y + cell, x : x + cell] = alone[:cell, :cell]
                seen = boxes.suppress(teacher.faces(alone), least)
                seen[:, 1:3] += (x, y)
                seen[:, 5:] += np.tile((x, y), 5)
                faces.append(seen)
            yield (f"{across} by {across} people", f"mosaic {group[0]}", canvas), np.concatenate(faces)


def recordings(folder):
    """Pictures, PER_SECOND a second, of each genuine recording in FOLDER/manifest.csv (as originals.py writes it from more.csv); not of the demo's face."""
    for r in csv.DictReader(open(folder / "manifest.csv")):
        if r["kind"] == "video" and r["label"] == "real" and not DEMO.search(f"{r['speaker']} {r['source_path']}"):
            shape = f"fps={PER_SECOND},scale={SIDE}:{SIDE}:force_original_aspect_ratio=decrease:flags=area,pad={SIDE}:{SIDE}:0:0"
            command = ["ffmpeg", "-v", "error", "-threads", "1", "-i", folder / r["path"], "-vf", shape, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
            yield np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8).reshape(-1, SIDE, SIDE, 3)
