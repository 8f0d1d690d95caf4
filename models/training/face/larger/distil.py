"""usage: train3.py NAME STEPS OUT: a second Lite2, then students of it, of the first and of the shipped network"""
import copy, json, sys, time
import numpy as np, torch
import torch.nn.functional as F
import loop, nets, pools
name, steps, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
dev = sys.argv[4] if len(sys.argv) > 4 else "cuda"
D = pools.D; B = D / "b"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
torch.manual_seed(5)
n = 12; half_way = steps // 2
fmt = torch.channels_last
mk = lambda x: x.to(dev, memory_format=fmt)
def opened(net, key):
    st = torch.load(D / "teach" / f"{name}.pt", weights_only=True)[key]
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in st.items()}, strict=False)
    return mk(net)
l2, ship = opened(nets.Frame(256, blocks=nets.BLOCKS2), "l2").eval(), opened(nets.Frame(), "ship")
made = {"l2b": mk(nets.Frame(256, blocks=nets.BLOCKS2).load(D / "lite2.pt")), "s2": mk(nets.Frame().load(D / "lite0.pt")), "s3": copy.deepcopy(ship)}
ship.eval()
peak = dict(l2b=6e-4, s2=8e-4, s3=3e-4)
ema = {k: copy.deepcopy(v).eval() for k, v in made.items()}; opt = {k: loop.optimiser_of(v, peak[k], 1e-3) for k, v in made.items()}
for v in made.values(): v.train()
label = torch.tensor([0.0, 1.0] * n, device=dev); same = torch.ones(n, dtype=torch.bool, device=dev)
while not (B / f"big-{name}.done").exists(): time.sleep(0.3)
time.sleep(0.3)
done = np.memmap(B / f"big-{name}.done", np.uint8, "r", shape=(steps,)); data = np.memmap(B / f"big-{name}.u8", np.uint8, "r", shape=(steps, 2 * n, 256, 256, 3))
def batch(s):
    while not done[s]: time.sleep(0.02)
    x = (torch.from_numpy(np.array(data[s])).to(dev).movedim(-1, -3).float() - 127) / 128
    return x.contiguous(memory_format=fmt), F.interpolate(x, size=(160, 160), mode="bilinear", antialias=True, align_corners=False).contiguous(memory_format=fmt)
def step_of(key, loss, step, total):
    for g in opt[key].param_groups: g["lr"] = loop.rate(step, total, peak[key])
    opt[key].zero_grad(); loss.backward(); torch.nn.utils.clip_grad_norm_([p for p in made[key].parameters() if p.grad is not None], 3.0)
    opt[key].step(); loop.average(ema[key], made[key], step)
t0, seen = time.time(), {}
for s in range(half_way):
    wide, _ = batch(s)
    loss = loop.loss_of(made["l2b"].logit(wide), label, same); step_of("l2b", loss, s, half_way); seen.setdefault("l2b", []).append(float(loss.detach()))
print(name, "l2b", round(time.time() - t0), round(np.mean(seen["l2b"][-60:]), 3), flush=True)
for s in range(steps):
    wide, small = batch((s + half_way) % steps)
    if s >= half_way: wide, small = wide.flip(-1), small.flip(-1)
    with torch.no_grad(): t = ((l2.logit(wide) + ema["l2b"].logit(wide) + ship.logit(small)) / 3).clamp(-6, 6)
    for k in ("s2", "s3"):
        x = made[k].logit(small)
        gap = F.smooth_l1_loss(x[1::2] - x[0::2], t[1::2] - t[0::2])
        loss = F.smooth_l1_loss(x, t) + 0.5 * gap + 0.25 * loop.loss_of(x, label, same)
        step_of(k, loss, s, steps); seen.setdefault(k, []).append((float(loss.detach()), float(F.smooth_l1_loss(x, t).detach()), float(((x[1::2] - x[0::2]) > 0).float().mean())))
    if (s + 1) % 160 == 0: print(name, s + 1, round(time.time() - t0), {k: np.round(np.mean(seen[k][-80:], 0), 3).tolist() for k in ("s2", "s3")}, flush=True)
torch.save({k: {a: (w.half() if w.is_floating_point() else w).cpu() for k_, (a, w) in enumerate(v.state_dict().items())} for k, v in ema.items()}, f"{out}/{name}.pt")
print(name, "done", flush=True)
