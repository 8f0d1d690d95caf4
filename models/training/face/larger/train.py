"""usage: train.py NAME DEVICE STEPS SEQ_STEPS OUT"""
import copy, json, sys, time
import numpy as np, torch
import torch.nn.functional as F
import loop, nets, pools
name, dev, steps, seq_steps, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
D = pools.D; B = D / "b"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
torch.manual_seed(4)
teach = steps // 2
def feed(what, total, width):
    while not (B / f"{what}-{name}.done").exists(): time.sleep(0.3)
    time.sleep(0.2)
    done = np.memmap(B / f"{what}-{name}.done", np.uint8, "r", shape=(total,))
    shape = (total, width, 256, 256, 3) if what == "big" else (total, width, pools.T, 160, 160, 3)
    data = np.memmap(B / f"{what}-{name}.u8", np.uint8, "r", shape=shape)
    for s in range(total):
        while not done[s]: time.sleep(0.02)
        yield s, torch.from_numpy(np.array(data[s])).to(dev), json.loads((B / f"{what}-{name}-{s}.json").read_text())
def floats(x):
    return ((x.movedim(-1, -3).float() - 127) / 128)
fmt = torch.channels_last
mk = lambda n: n.to(dev, memory_format=fmt)
L0, L2 = D / "lite0.pt", D / "lite2.pt"
made = {"n160": mk(nets.Frame().load(L0)), "n256": mk(nets.Frame(256).load(L0)), "l2": mk(nets.Frame(256, blocks=nets.BLOCKS2).load(L2)),
        "tight": mk(nets.Frame(160, 1.6).load(L0)), "heads": mk(nets.Frame(heads=True).load(L0))}
made["student"] = mk(nets.Frame().load(L0))
PEAK = 6e-4
ema = {k: copy.deepcopy(n).eval() for k, n in made.items()}
opt = {k: loop.optimiser_of(n, PEAK, 1e-3) for k, n in made.items()}
for n in made.values(): n.train()
pairs_n = 12
label = torch.tensor([0.0, 1.0] * pairs_n, device=dev); same = torch.ones(pairs_n, dtype=torch.bool, device=dev)
def step_of(key, loss, step, total, peak=PEAK):
    for g in opt[key].param_groups: g["lr"] = loop.rate(step, total, peak)
    opt[key].zero_grad(); loss.backward()
    torch.nn.utils.clip_grad_norm_([p for p in made[key].parameters() if p.grad is not None], 3.0)
    opt[key].step(); loop.average(ema[key], made[key], step)
def views(x):
    wide = x.contiguous(memory_format=fmt)
    small = F.interpolate(x, size=(160, 160), mode="bilinear", antialias=True, align_corners=False).contiguous(memory_format=fmt)
    return {"n160": small, "n256": wide, "l2": wide, "tight": x[:, :, 48:208, 48:208].contiguous(memory_format=fmt), "heads": small}
t0, losses, order = time.time(), {}, {}
for s, x, kinds in feed("big", steps, 2 * pairs_n):
    v = views(floats(x))
    if s < teach:
        for k in ("n160", "n256", "l2", "tight", "heads"):
            if k == "heads":
                swap, whole = made[k].parts(v[k])
                logit = torch.logaddexp(swap, whole) - 0.6931472
                loss = loop.loss_of(logit, label, same)
                inside = torch.tensor([c in ("swap", "self", "cross", "copy") for c in kinds], device=dev).repeat_interleave(2)
                gen = torch.tensor([c == "whole" for c in kinds], device=dev).repeat_interleave(2)
                for part, mask in ((swap, inside), (whole, gen)):
                    if mask.any(): loss = loss + 0.3 * F.binary_cross_entropy_with_logits(part[mask], label[mask] * 0.9 + 0.05)
            else:
                logit = made[k].logit(v[k]); loss = loop.loss_of(logit, label, same)
            step_of(k, loss, s, teach)
            losses.setdefault(k, []).append(float(loss.detach())); order.setdefault(k, []).append(float(((logit[1::2] - logit[0::2]) > 0).float().mean()))
    else:
        with torch.no_grad():
            t = ema["l2"].logit(v["l2"])
        logit = made["student"].logit(v["n160"])
        loss = loop.loss_of(logit, label, same) + 0.5 * F.smooth_l1_loss(logit, t.clamp(-6, 6))
        step_of("student", loss, s - teach, steps - teach)
        losses.setdefault("student", []).append(float(loss.detach())); order.setdefault("student", []).append(float(((logit[1::2] - logit[0::2]) > 0).float().mean()))
    if (s + 1) % 80 == 0: print(name, s + 1, round(time.time() - t0), {k: (round(np.mean(l[-80:]), 3), round(np.mean(order[k][-80:]), 3)) for k, l in losses.items()}, flush=True)
half = lambda n: {k: (w.half() if w.is_floating_point() else w).cpu() for k, w in n.state_dict().items()}
torch.save({k: half(n) for k, n in ema.items()}, f"{out}/{name}.pt")
made["time"] = nets.Time(ema["n160"]).to(dev)
ema["time"] = copy.deepcopy(made["time"]).eval(); opt["time"] = loop.optimiser_of(made["time"], 3e-4, 1e-3); made["time"].train()
n = 8; label = torch.tensor([0.0, 1.0] * n, device=dev); same = torch.ones(n, dtype=torch.bool, device=dev)
t0, seen = time.time(), []
for s, x, kinds in feed("seq", seq_steps, 2 * n):
    still, change = made["time"].parts(floats(x))
    loss = loop.loss_of(still + change, label, same) + 0.5 * loop.loss_of(change, label, same)
    step_of("time", loss, s, seq_steps, 3e-4)
    seen.append((float(loss.detach()), *(float(((l[1::2] - l[0::2]) > 0).float().mean()) for l in (still + change, still, change))))
    if (s + 1) % 60 == 0: print(name, "time", s + 1, round(time.time() - t0), np.round(np.mean(seen[-60:], 0), 3), flush=True)
torch.save({"time": half(ema["time"])}, f"{out}/{name}-time.pt")
print(name, "done", flush=True)
