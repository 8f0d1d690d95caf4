"""Batches of pairs: a genuine and a forged face, under one augmentation.

Kinds: a real-time swap and its own frame; a genuine face once more through a generator's decoder, whole or pasted; a blend of a face with itself or with another's; and a
generated clip beside any genuine one, which is soon known by heart and still speaks for clips of systems that were never met.
"""

import collections
import csv
import json
import pathlib

import cv2
import numpy as np

import blends
import geometry
from copies import still_landmarks

KINDS = ("swap", "copy", "fake", "self", "cross")
SHARES = (0.16, 0.24, 0.28, 0.12, 0.20)
LARGE = 256  # where a pair is augmented at this size and then shrunk, noise, coding and blur weigh less
OF_STILLS = 0.5  # share of genuine faces in blends that are stills


class Pool:
    """What rows may be learnt from, as pictures with five landmarks."""

    def __init__(self, work, rows):
        self.stills, self.genuine, self.fakes, self.copies = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(list), []
        self.swaps = collections.defaultdict(dict)
        index, owners = {}, {r["id"] for r in rows}
        for r in rows:
            if r["kind"] == "still":
                path = pathlib.Path(r["path"])
                root = path.parents[1]
                if root not in index:
                    index[root] = {f["path"]: f for f in csv.DictReader(open(root / "faces.csv"))}
                self.stills[r["source"]].append((r["path"], still_landmarks(index[root][str(path.relative_to(root))])))
                continue
            frames = {v: regions(work / "frames" / f"{r['id']}-{v}.npz") for v in ("plain", "line")}
            frames = {v: f for v, f in frames.items() if f}
            if not frames:
                continue
            (self.fakes[r["system"]] if r["label"] == "fake" else self.genuine[r["person"]]).append(frames)
            if r["pair"]:
                self.swaps[r["pair"]][r["label"]] = frames
        self.swaps = [p for _, p in sorted(self.swaps.items()) if len(p) == 2]
        for path in sorted((work / "copies").glob("*.npz")):
            if path.name.split("-")[0] in owners and not path.name.endswith(".part.npz"):
                self.copies.append(path)
        self.names = {t: sorted(getattr(self, t)) for t in ("stills", "genuine", "fakes")}

    def __str__(self):
        return (f"{sum(map(len, self.stills.values()))} stills, {sum(map(len, self.genuine.values()))} genuine clips of {len(self.genuine)} people, {len(self.swaps)} swap pairs, "
                f"{sum(map(len, self.fakes.values()))} clips of {len(self.fakes)} systems, {len(self.copies)} copies")

    def face(self, rng):
        """A genuine face (picture, landmarks)"""
        if self.stills and (not self.genuine or rng.random() < OF_STILLS):
            sizes = np.sqrt([len(self.stills[s]) for s in self.names["stills"]])
            path, points = pick(rng, self.stills[self.names["stills"][int(rng.choice(len(sizes), p=sizes / sizes.sum()))]])
            return cv2.imread(path)[..., ::-1], points
        return self.frame(rng, self.genuine, "genuine")[:2]

    def frame(self, rng, table, name):
        """A frame of a clip: of any person, of any system alike"""
        versions = pick(rng, table[pick(rng, self.names[name])])
        version = pick(rng, sorted(versions))
        return (*pick(rng, versions[version])[1:], version)

    def pair(self, rng):
        """(kind, genuine picture, its landmarks, forged picture, its landmarks)"""
        kind = KINDS[int(rng.choice(len(KINDS), p=SHARES))]
        if kind == "swap" and self.swaps:
            both = pick(rng, self.swaps)
            version = pick(rng, sorted(set(both["real"]) & set(both["fake"])) or [None])
            real, fake = ({round(f[0], 2): f for f in both[label].get(version, [])} for label in ("real", "fake"))
            shared = sorted(set(real) & set(fake))
            if shared:
                at = pick(rng, shared)
                return kind, *real[at][1:], *fake[at][1:]
        if kind == "copy" and self.copies:
            taken = np.load(pick(rng, self.copies))
            genuine, copy, points = (taken[k] for k in ("genuine", "copy", "landmarks"))
            if rng.random() < 0.5:
                copy = blends.detail_matched(copy, genuine, rng.uniform(0.8, 1.2))
            way = rng.random()
            if way < 0.4:
                return kind, genuine, points, copy, points
            if way < 0.8:
                return kind, genuine, points, blends.paste(genuine, copy, blends.mask(genuine.shape, points, rng)), points
            target, at = self.face(rng)
            return kind, target, at, blends.cross_blend(target, at, copy, points, rng), at
        if kind == "fake" and self.fakes and self.genuine:
            real, at, _ = self.frame(rng, self.genuine, "genuine")
            fake, there, _ = self.frame(rng, self.fakes, "fakes")
            return kind, real, at, fake, there
        target, at = self.face(rng)
        if kind == "self":
            return kind, target, at, blends.self_blend(target, at, rng), at
        donor, there = self.face(rng)
        return "cross", target, at, blends.cross_blend(target, at, donor, there, rng), at


def regions(path):
    """[(seconds, picture, landmarks)] of a clip's frames"""
    if not path.is_file():
        return []
    taken = np.load(path)
    pictures = taken["regions"]
    return [(f["seconds"], pictures[f["region"]], np.array(f["landmarks"], np.float32)) for f in json.loads(str(taken["facts"])) if f["region"] >= 0]


def pick(rng, items):
    return items[int(rng.integers(len(items)))]


def plan(rng, size=geometry.SIZE, factor=geometry.FACTOR):
    """One augmentation, drawn once for both of a pair."""
    border = (cv2.BORDER_CONSTANT, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE)
    side = rng.uniform(80, 160) / geometry.SIZE * size
    return dict(
        size=size, factor=factor * rng.uniform(0.85, 1.15), shift=rng.normal(0, 0.08, 2), turn=np.radians(rng.normal(0, 3)), flip=rng.random() < 0.5, border=border[int(rng.integers(4))],
        cut=[int(v) * size // geometry.SIZE for v in rng.integers(0, 36, 4)] if rng.random() < 0.25 else None, gain=rng.uniform(0.7, 1.25) * rng.uniform(0.93, 1.07, 3), offset=rng.uniform(-20, 20),
        gamma=rng.uniform(0.7, 1.4) if rng.random() < 0.3 else 1.0, dark=rng.uniform(0.25, 0.6) if rng.random() < 0.12 else 1.0,
        small=int(side) if rng.random() < 0.5 else None, way=int(rng.integers(3)), blur=rng.uniform(0.3, 1.2) if rng.random() < 0.2 else None, sharpen=rng.uniform(0.2, 1.0) if rng.random() < 0.15 else None,
        noise=rng.uniform(1, 7) if rng.random() < 0.35 else None, jpeg=[int(q) for q in rng.integers(30, 96, rng.integers(0, 3))], seed=int(rng.integers(1 << 31)))


def shaped(picture, landmarks, p):
    x, _ = geometry.crop(np.ascontiguousarray(picture), landmarks, p["factor"], p["shift"], p["turn"], p["size"], p["border"])
    return np.ascontiguousarray(x[:, ::-1]) if p["flip"] else x


def bordered(crops, p):
    """The same black border for both: where either picture ends, and sometimes further in, as on a tight still."""
    black = np.any([cv2.morphologyEx((x.max(2) == 0).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) for x in crops], axis=0)
    if p["cut"]:
        left, top, right, bottom = p["cut"]
        inside = np.zeros_like(black)
        inside[top : p["size"] - bottom, left : p["size"] - right] = 1
        black = black | (inside == 0)
    return [np.where(black[..., None], 0, x) for x in crops], black[..., None]


def coloured(crop, black, p):
    rng = np.random.default_rng(p["seed"])
    y = crop.astype(np.float32)
    if p["gamma"] != 1.0:
        y = 255 * (y / 255) ** p["gamma"]
    y = np.where(black, 0, (y * p["gain"] + p["offset"]) * p["dark"]).astype(np.float32)
    if p["blur"]:
        y = cv2.GaussianBlur(y, (0, 0), p["blur"])
    if p["sharpen"]:
        y = y + p["sharpen"] * (y - cv2.GaussianBlur(y, (0, 0), 1.2))
    if p["small"]:
        y = cv2.resize(y, (p["small"], p["small"]), interpolation=cv2.INTER_AREA)
    if p["noise"]:
        y = y + p["noise"] * rng.standard_normal(y.shape, np.float32)
    y = np.clip(y, 0, 255).astype(np.uint8)[..., ::-1]
    for quality in p["jpeg"]:
        y = cv2.imdecode(cv2.imencode(".jpg", y, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    if p["small"]:
        y = cv2.resize(y, (p["size"], p["size"]), interpolation=(cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[p["way"]])
    return y[..., ::-1]


def shrunk(crop):
    return crop if len(crop) == geometry.SIZE else cv2.resize(crop, (geometry.SIZE, geometry.SIZE), interpolation=cv2.INTER_AREA)


def batch(pool, rng, pairs, large=0.0):
    """crops [2 pairs, SIZE, SIZE, 3] uint8 (2i genuine, 2i + 1 forged), kinds; a share of `large` of the pairs is augmented at LARGE"""
    crops, kinds = [], []
    for _ in range(pairs):
        kind, real, at, fake, there = pool.pair(rng)
        one = plan(rng, LARGE if large and rng.random() < large else geometry.SIZE)
        both, black = bordered([shaped(real, at, one), shaped(fake, there, one)], one)
        crops += [shrunk(coloured(x, black, one)) for x in both]
        kinds.append(kind)
    return np.stack(crops), kinds
