"""What a fold may learn from, in memory, as single pictures and as sequences of eight."""
import collections, csv, json, os, pathlib, pickle
import cv2, numpy as np
import blends, facefolds, pairs
from copies import still_landmarks
D = pathlib.Path(os.environ["ATTEMPT"])  # pictures.csv, faces/, blobs, weights, and what is made of them
T = 8

def rows_of():
    return list(csv.DictReader(open(D / "pictures.csv")))

def framed(picture, corners):
    """Black where the picture that it was taken from ends, as it was before it was coded"""
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(np.array(corners).reshape(4, 2) * 16).astype(np.int64).clip(-30000, 30000).astype(np.int32), 1, shift=4)
    return np.maximum(picture, 1) * inside[..., None]

def load_blob(name):
    """{id: {version: [(s, picture RGB, landmarks)]}}"""
    out = collections.defaultdict(dict)
    for v in ("plain", "line"):
        data = np.fromfile(D / f"{name}-{v}.bin", np.uint8)
        at = 0
        for i, entries in json.load(open(D / f"{name}-{v}.json")):
            got, known = [], set()
            for s, lm, n, corners in entries:
                if s not in known:
                    known.add(s)
                    got.append((s, framed(cv2.imdecode(data[at : at + n], cv2.IMREAD_COLOR)[..., ::-1], corners), np.array(lm, np.float32).reshape(5, 2)))
                at += n
            if got:
                out[i][v] = got
    return out

def runs(entries):
    """Runs of eight neighbours of one size: [(frames [8], landmarks [8], first s)]"""
    out, now = [], []
    for e in entries:
        if now and (e[0] - now[-1][0] > 0.15 or e[1].shape != now[0][1].shape):
            now = []
        now.append(e)
        if len(now) == T:
            out.append((np.stack([x[1] for x in now]), np.stack([x[2] for x in now]), now[0][0]))
            now = []
    return out

class Pool(pairs.Pool):
    def __init__(self, rows, big, copies):
        self.stills, self.genuine, self.fakes = (collections.defaultdict(list) for _ in range(3))
        self.swaps = collections.defaultdict(dict)
        index = {f["path"]: f for f in csv.DictReader(open(D / "faces" / "faces.csv"))}
        ids = {r["id"] for r in rows}
        for r in rows:
            if r["kind"] == "still":
                rel = str(pathlib.Path(r["path"]).relative_to(D / "faces"))
                self.stills[r["source"]].append((r["path"], still_landmarks(index[rel])))
            elif r["id"] in big:
                (self.fakes[r["system"]] if r["label"] == "fake" else self.genuine[r["person"]]).append(big[r["id"]])
                if r["pair"]:
                    self.swaps[r["pair"]][r["label"]] = big[r["id"]]
        self.swaps = [p for _, p in sorted(self.swaps.items()) if len(p) == 2]
        self.copies = [c for i, cs in sorted(copies.items()) if i in ids for c in cs]
        self.names = {t: sorted(getattr(self, t)) for t in ("stills", "genuine", "fakes")}
    def pair(self, rng):
        kind = pairs.KINDS[int(rng.choice(len(pairs.KINDS), p=pairs.SHARES))]
        if kind == "copy" and self.copies:
            genuine, copy, points = pairs.pick(rng, self.copies)
            if rng.random() < 0.5:
                copy = blends.detail_matched(copy, genuine, rng.uniform(0.8, 1.2))
            way = rng.random()
            if way < 0.4:
                return "whole", genuine, points, copy, points
            if way < 0.8:
                return kind, genuine, points, blends.paste(genuine, copy, blends.mask(genuine.shape, points, rng)), points
            target, at = self.face(rng)
            return kind, target, at, blends.cross_blend(target, at, copy, points, rng), at
        keep, self.copies = self.copies, []
        try:
            k0 = pairs.KINDS, pairs.SHARES
            pairs.KINDS, pairs.SHARES = (kind if kind != "copy" else "self",), (1.0,)
            return super().pair(rng)
        finally:
            self.copies = keep
            pairs.KINDS, pairs.SHARES = k0

SEQ_KINDS = ("swap", "copy", "fake", "puppet", "self", "cross")
SEQ_SHARES = (0.16, 0.22, 0.24, 0.12, 0.10, 0.16)

class SeqPool:
    """Sequences: genuine {person: [...]}, fakes {system: [...]}, swaps [(real, fake)], twins of genuine ones"""
    def __init__(self, rows, seqs, copies, puppets, pool):
        self.genuine, self.fakes, swaps, self.pool = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(dict), pool
        self.copies, self.puppets = [], []
        for r in rows:
            for v, found in seqs.get(r["id"], {}).items():
                for k, s in enumerate(found):
                    (self.fakes[r["system"]] if r["label"] == "fake" else self.genuine[r["person"]]).append(s)
                    if r["pair"]:
                        swaps[r["pair"], v, round(s[2], 1)][r["label"]] = s
                    self.copies += [(s, c) for c in copies.get((r["id"], v, k), [])]
                    self.puppets += [(s, p) for p in puppets.get((r["id"], v, k), [])]
        self.swaps = [(p["real"], p["fake"]) for _, p in sorted(swaps.items()) if len(p) == 2]
        self.names = {t: sorted(getattr(self, t)) for t in ("genuine", "fakes")}
    def any(self, rng, t):
        return pairs.pick(rng, getattr(self, t)[pairs.pick(rng, self.names[t])])
    def pair(self, rng):
        """(kind, frames, landmarks, forged frames, landmarks)"""
        kind = SEQ_KINDS[int(rng.choice(len(SEQ_KINDS), p=SEQ_SHARES))]
        if kind == "swap" and self.swaps:
            a, b = pairs.pick(rng, self.swaps)
            return kind, a[0], a[1], b[0], b[1]
        if kind == "fake":
            a, b = self.any(rng, "genuine"), self.any(rng, "fakes")
            return kind, a[0], a[1], b[0], b[1]
        if kind in ("copy", "puppet") and getattr(self, "copies" if kind == "copy" else "puppets"):
            s, (g, c, p) = pairs.pick(rng, self.copies if kind == "copy" else self.puppets)
            if rng.random() < 0.5 and kind == "copy":
                gain = rng.uniform(0.8, 1.2)
                c = np.stack([blends.detail_matched(x, y, gain) for x, y in zip(c, g)])
            if kind == "copy" and rng.random() < 0.6:
                seed, jitter = int(rng.integers(1 << 30)), rng.uniform(0, 0.05)
                c = np.stack([blends.paste(y, x, blends.mask(y.shape, jittered(at, jitter, rng), np.random.default_rng(seed))) for x, y, at in zip(c, g, p)])
            return kind, g, p, c, p
        s = self.any(rng, "genuine")
        seed, jitter, out = int(rng.integers(1 << 30)), rng.uniform(0, 0.06), []
        other = self.any(rng, "genuine")
        still = self.pool.face(rng) if rng.random() < 0.5 else None
        for t in range(T):
            at, one = jittered(s[1][t], jitter, rng), np.random.default_rng(seed)
            if kind == "self":
                out.append(blends.self_blend(s[0][t], at, one))
            else:
                out.append(blends.cross_blend(s[0][t], at, *(still or (other[0][t], other[1][t])), one))
        return kind if kind == "self" else "cross", s[0], s[1], np.stack(out), s[1]

def jittered(at, share, rng):
    d = np.hypot(*(at[3:].mean(0) - at[:2].mean(0)))
    return at + rng.normal(0, share * d, 2) + rng.normal(0, share * d * 0.5, (5, 2))

def batch_big(pool, rng, n, size=256):
    crops, kinds = [], []
    for _ in range(n):
        kind, real, at, fake, there = pool.pair(rng)
        one = pairs.plan(rng, size)
        both, black = pairs.bordered([pairs.shaped(real, at, one), pairs.shaped(fake, there, one)], one)
        crops += [pairs.coloured(x, black, one) for x in both]
        kinds.append(kind)
    return np.stack(crops), kinds

def batch_seq(pool, rng, n):
    out, kinds = [], []
    for _ in range(n):
        kind, real, at, fake, there = pool.pair(rng)
        one = pairs.plan(rng)
        pair = [[], []]
        for t in range(T):
            both, black = pairs.bordered([pairs.shaped(real[t], at[t], one), pairs.shaped(fake[t], there[t], one)], one)
            p = dict(one, seed=one["seed"] + t)
            for k in (0, 1):
                pair[k].append(pairs.coloured(both[k], black, p))
        out += [np.stack(pair[0]), np.stack(pair[1])]
        kinds.append(kind)
    return np.stack(out), kinds
