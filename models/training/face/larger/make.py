"""Batches of every run, in order, into memory maps.  usage: make.py big|seq STEPS PAIRS WORKERS RUN..."""
import multiprocessing as mp, pickle, sys, time, json
import cv2, numpy as np
import pools, facefolds
cv2.setNumThreads(1)
what, steps, n, workers, names = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
D = pools.D; D.joinpath("b").mkdir(exist_ok=True)
rows, folds = pools.rows_of(), facefolds.table()
taken = pickle.load(open(D / "copies.pkl", "rb"))
big = pools.load_blob("big")
seqs = {i: {v: pools.runs(e) for v, e in vs.items()} for i, vs in pools.load_blob("seq").items()} if what == "seq" else None
def learnt(name):
    if name.startswith("fold"): return facefolds.trains(rows, int(name[4:]), folds)
    kept = facefolds.trains(rows, None, folds)
    return facefolds.without(kept, "iperov/DeepFaceLive") if name == "unswapped" else kept
made, maps = {}, {}
shape = (steps, 2 * n, 256, 256, 3) if what == "big" else (steps, 2 * n, pools.T, 160, 160, 3)
for name in names:
    own = learnt(name)
    p = pools.Pool(own, big, taken["single"])
    made[name] = p if what == "big" else pools.SeqPool(own, seqs, taken["copies"], taken["puppets"], p)
    if what == "seq": print(name, len(made[name].copies), "copies", len(made[name].puppets), "puppets", len(made[name].swaps), "swaps", {k: sum(map(len, getattr(made[name], k).values())) for k in ("genuine", "fakes")}, flush=True)
    else: print(name, p, flush=True)
    maps[name] = np.memmap(D / "b" / f"{what}-{name}.u8", np.uint8, "w+", shape=shape)
    np.memmap(D / "b" / f"{what}-{name}.done", np.uint8, "w+", shape=(steps,))
def one(job):
    step, name = job
    rng = np.random.default_rng([int(__import__("os").environ.get("SEED", 4)) if what == "big" else 5, step])
    x, kinds = (pools.batch_big if what == "big" else pools.batch_seq)(made[name], rng, n)
    maps[name][step] = x
    (D / "b" / f"{what}-{name}-{step}.json").write_text(json.dumps(kinds))
    np.memmap(D / "b" / f"{what}-{name}.done", np.uint8, "r+", shape=(steps,))[step] = 1
t0 = time.time()
with mp.get_context("fork").Pool(workers) as pool:
    for k, _ in enumerate(pool.imap(one, [(s, m) for s in range(steps) for m in names]), 1):
        if k % 500 == 0: print(what, k, round(time.time() - t0), flush=True)
print(what, "made", round(time.time() - t0), flush=True)
