"""usage: time2.py NAME STEPS: the time head with its own rate over the sequences already made, several passes"""
import copy, json, sys, time
import numpy as np, torch
import loop, nets, pools
name, steps = sys.argv[1], int(sys.argv[2]); dev = "cuda"; D = pools.D; B = D / "b"
torch.manual_seed(4)
total, n = 320, 8
data = np.memmap(B / f"seq-{name}.u8", np.uint8, "r", shape=(total, 2 * n, pools.T, 160, 160, 3))
frame = nets.Frame(); frame.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in torch.load(D / "out" / f"{name}.pt", weights_only=True)["n160"].items()}, strict=False)
net = nets.Time(frame).to(dev); ema = copy.deepcopy(net).eval(); net.train()
base = list(net.frame.parameters()); head = [p for k, p in net.named_parameters() if not k.startswith("frame.")]
PEAK = (1e-4, 2e-3)
opt = torch.optim.AdamW([dict(params=base), dict(params=head)], lr=1e-3, weight_decay=1e-3)
label = torch.tensor([0.0, 1.0] * n, device=dev); same = torch.ones(n, dtype=torch.bool, device=dev)
t0, seen, kind = time.time(), [], {}
order = np.random.default_rng(4)
for s in range(steps):
    if s % total == 0: at = order.permutation(total)
    k = int(at[s % total])
    x = torch.from_numpy(np.array(data[k])).to(dev)
    if (s // total) % 2: x = x.flip(-2)
    if (s // total) % 4 >= 2: x = x.flip(1)
    still, change = net.parts((x.movedim(-1, -3).float() - 127) / 128)
    loss = 0.5 * loop.loss_of(still + change, label, same) + loop.loss_of(change, label, same)
    for g, p in zip(opt.param_groups, PEAK): g["lr"] = loop.rate(s, steps, p)
    opt.zero_grad(); loss.backward(); torch.nn.utils.clip_grad_norm_([p for p in net.parameters() if p.grad is not None], 3.0); opt.step(); loop.average(ema, net, s)
    seen.append((float(loss.detach()), *(float(((l[1::2] - l[0::2]) > 0).float().mean()) for l in (still + change, still, change))))
    for c, g in zip(json.loads((B / f"seq-{name}-{k}.json").read_text()), (change[1::2] - change[0::2]).tolist()): kind.setdefault(c, []).append(g > 0)
    if (s + 1) % 160 == 0: print(name, s + 1, round(time.time() - t0), np.round(np.mean(seen[-160:], 0), 3), {c: round(float(np.mean(v[-150:])), 2) for c, v in sorted(kind.items())}, flush=True)
torch.save({"time2": {k: (w.half() if w.is_floating_point() else w).cpu() for k, w in ema.state_dict().items()}}, D / "out" / f"{name}-time2.pt")
