"""Copies of pictures and of sequences, on the GPU: ATTEMPT/copies.pkl"""
import pickle, sys, time, cv2, numpy as np, torch
import pools
from copies import fitted, still_landmarks
from taef2 import Graph
dev = sys.argv[1]; limit = int(sys.argv[2]) if len(sys.argv) > 2 else 10**9
D = pools.D
enc, dec = Graph(D / "encoder.pt", dev), Graph(D / "decoder.pt", dev)
def copy(pictures, noise):
    x = torch.from_numpy(np.ascontiguousarray(pictures)).to(dev).permute(0, 3, 1, 2).float() / 255
    z = enc(x)
    kind, amount = noise
    if kind == "fresh": z = z + amount * torch.randn(z.shape, device=dev)
    if kind == "shared": z = z + amount * torch.randn(z.shape[1:], device=dev)
    return (dec(z).clamp(0, 1) * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()
t0 = time.time()
rows = pools.rows_of(); big = pools.load_blob("big"); seq = pools.load_blob("seq"); pup = pools.load_blob("pup")
rng = np.random.default_rng(4)
noise_of = lambda: (None, 0) if rng.random() < 0.5 else ("fresh", rng.uniform(0.02, 0.15))
real = [r["id"] for r in rows if r["kind"] == "clip" and r["label"] == "real"]
single = {}
for i in real[:limit]:
    for v, entries in big.get(i, {}).items():
        for s, pic, lm in entries[:3]:
            g, p = fitted(pic, lm, int(rng.choice((400, 320, 256, 208, 176, 144, 112, 88))))
            single.setdefault(i, []).append((g, copy(g[None], noise_of())[0], p))
import csv, pathlib
index = {f["path"]: f for f in csv.DictReader(open(D / "faces" / "faces.csv"))}
stills = [r for r in rows if r["kind"] == "still"]; rng.shuffle(stills)
for r in stills[: min(1000, limit)]:
    g, p = fitted(cv2.imread(r["path"])[..., ::-1], still_landmarks(index[str(pathlib.Path(r["path"]).relative_to(D / "faces"))]), int(rng.choice((176, 144, 112, 88))))
    single.setdefault(r["id"], []).append((g, copy(g[None], noise_of())[0], p))
print("single", sum(map(len, single.values())), time.time() - t0, flush=True)
seqs = {i: {v: pools.runs(e) for v, e in vs.items()} for i, vs in seq.items()}
pups = {i: {v: pools.runs(e) for v, e in vs.items()} for i, vs in pup.items()}
def seq_noise():
    k = rng.random()
    return (None, 0) if k < 0.4 else (("fresh" if k < 0.8 else "shared"), rng.uniform(0.02, 0.12))
def small(frames, lms, side):
    got = [fitted(f, l, side) for f, l in zip(frames, lms)]
    return np.stack([g for g, _ in got]), np.stack([p for _, p in got])
copies, puppets = {}, {}
for i in real[:limit]:
    for v, found in seqs.get(i, {}).items():
        for k, (f, l, s) in enumerate(found):
            for _ in range(2):
                g, p = small(f, l, int(rng.choice((224, 176, 144, 112))))
                copies.setdefault((i, v, k), []).append((g, copy(g, seq_noise()), p))
            other = [x for x in pups.get(i, {}).get(v, []) if abs(x[2] - s) < 0.05]
            for x in other[:1]:
                if x[0].shape == f.shape:
                    for through in (False, True):
                        g, p = small(f, l, 224 if not through else int(rng.choice((224, 176, 144))))
                        w, _ = small(x[0], l, 224)
                        if through: w = copy(small(x[0], l, max(g.shape[1:3]))[0], seq_noise())
                        if w.shape == g.shape: puppets.setdefault((i, v, k), []).append((g, w, p))
print("sequences", sum(map(len, seqs_.values())) if (seqs_ := copies) else 0, sum(map(len, puppets.values())), time.time() - t0, flush=True)
pickle.dump(dict(single=single, copies=copies, puppets=puppets), open(D / "copies.part", "wb"), protocol=5)
(D / "copies.part").rename(D / "copies.pkl")
