#!/usr/bin/env python3
"""Trains small image autoencoders of several makes, whose decoders leave the traces that generators leave; copies.py sends genuine faces through them. None is shipped.

usage: generators.py WORK --name MAKE [--steps N] [--batch N] [--device D] [--threads N] [--seed N]
MAKE is one of those below. Learns from the stills of sources that no fold measures, so that one network does for all folds. Writes WORK/generators/MAKE-{early,ripe}.pt and logs its error on stills set aside.
"""

import argparse
import collections
import csv
import pathlib
import sys
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import facefolds

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import lite0

# halvings: of the side until the latent; latent: its channels; up: how the decoder doubles the side; norm, act: between its convolutions; coded: the latent is rounded to a few levels
Make = collections.namedtuple("Make", "halvings latent up norm act coded")
MAKES = {
    "nearest": Make(3, 4, "nearest", "group", nn.SiLU, False),  # as latent diffusion decodes
    "codes": Make(3, 8, "nearest", "group", nn.SiLU, True),  # ... and what predicts tokens
    "shuffle": Make(3, 16, "shuffle", "none", lambda: nn.LeakyReLU(0.1), False),  # as face swappers do
    "transposed": Make(2, 3, "transposed", "batch", nn.ReLU, False),  # as networks for image translation do
    "bilinear": Make(4, 48, "bilinear", "instance", lambda: nn.LeakyReLU(0.2), False),  # as those with a style at every scale do
    "fine": Make(2, 4, "bilinear", "batch", nn.ReLU, False),  # as networks that move one portrait's features do
}
WIDTHS = (48, 96, 128, 160, 160)
STAGES = ("early", "ripe")
LEVELS = 5  # of a coded latent's channel
MULTIPLE = 16  # sides of a picture are multiples of it
SIZES = (80, 96, 112, 128, 144, 176)
JUDGED = 0.3  # share of the steps before the judge is asked
RATE, JUDGE_RATE = 4e-4, 4e-4
SEEN_WEIGHT, JUDGE_WEIGHT = 1.0, 0.1
MOVED = 0.35  # share of batches whose latent is moved: encoded warped, moved back, decoded
SIDE, HELD = 176, 64


def normed(make, n):
    return {"group": lambda: nn.GroupNorm(8, n), "batch": lambda: nn.BatchNorm2d(n), "instance": lambda: nn.InstanceNorm2d(n, affine=True), "none": nn.Identity}[make.norm]()


class Residual(nn.Module):
    def __init__(self, make, n):
        super().__init__()
        self.layers = nn.Sequential(normed(make, n), make.act(), nn.Conv2d(n, n, 3, padding=1), normed(make, n), make.act(), nn.Conv2d(n, n, 3, padding=1))

    def forward(self, x):
        return x + self.layers(x)


def doubled(make, inside, out):
    if make.up == "shuffle":
        return nn.Sequential(nn.Conv2d(inside, 4 * out, 3, padding=1), nn.PixelShuffle(2))
    if make.up == "transposed":
        return nn.ConvTranspose2d(inside, out, 4, 2, 1)
    options = {} if make.up == "nearest" else dict(align_corners=False)
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=make.up, **options), nn.Conv2d(inside, out, 3, padding=1))


class Generator(nn.Module):
    def __init__(self, make):
        super().__init__()
        w, n, self.make = WIDTHS, make.halvings, make
        down = [nn.Conv2d(3, w[0], 3, padding=1)]
        for i in range(n):
            down += [Residual(make, w[i]), nn.Conv2d(w[i], w[i + 1], 3, 2, 1)]
        self.encoder = nn.Sequential(*down, Residual(make, w[n]), nn.Conv2d(w[n], make.latent, 1))
        up = [nn.Conv2d(make.latent, w[n], 3, padding=1), Residual(make, w[n]), Residual(make, w[n])]
        for i in reversed(range(n)):
            up += [doubled(make, w[i + 1], w[i]), Residual(make, w[i])]
        self.decoder = nn.Sequential(*up, make.act(), nn.Conv2d(w[0], 3, 3, padding=1))

    def latent(self, x):
        z = torch.tanh(self.encoder(x))
        if not self.make.coded:
            return z
        z = z * (LEVELS - 1) / 2
        return (z + (z.round() - z).detach()) * 2 / (LEVELS - 1)

    def forward(self, x, flow=None, noise=0.0):
        """[batch, 3, high, wide] of -1 to 1, through the latent; `flow` [batch, 2, high, wide] in half sides: what the face is drawn by before, and back by in the latent."""
        if flow is not None:
            x = drawn(x, flow)
        z = self.latent(x)
        if flow is not None:
            z = drawn(z, -F.interpolate(flow, z.shape[2:], mode="bilinear", align_corners=False))
        return self.decoder(z + noise * torch.randn_like(z))


def drawn(x, flow):
    at = F.affine_grid(torch.eye(2, 3, device=x.device)[None].expand(len(x), -1, -1), x.shape, align_corners=False)
    return F.grid_sample(x.float(), at + flow.permute(0, 2, 3, 1), padding_mode="reflection", align_corners=False)


def flow(count, high, wide, device):
    """A shift and a smooth bend, [count, 2, high, wide] in half sides"""
    bend = F.interpolate(torch.randn(count, 2, 4, 4, device=device) * 0.05, (high, wide), mode="bicubic", align_corners=False)
    return bend + torch.randn(count, 2, 1, 1, device=device) * 0.05


class Judge(nn.Module):
    """Genuine or decoded, patch by patch"""

    def __init__(self):
        super().__init__()
        norm, layers, inside = nn.utils.parametrizations.spectral_norm, [], 3
        for n in (64, 128, 192):
            layers += [norm(nn.Conv2d(inside, n, 4, 2, 1)), nn.LeakyReLU(0.2)]
            inside = n
        self.layers = nn.Sequential(*layers, norm(nn.Conv2d(inside, 1, 3, padding=1)))

    def forward(self, x):
        return self.layers(x)


class Seen(nn.Module):
    """How far two pictures lie apart in what an ImageNet network sees of them, at four scales"""

    def __init__(self):
        super().__init__()
        self.stem, self.blocks = lite0.layers(8)
        lite0.load(self.stem, self.blocks)
        self.requires_grad_(False).eval()

    def forward(self, a, b):
        x, far = self.stem(torch.cat([a, b])), 0.0
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in (0, 2, 4, 7):
                y = F.normalize(x.float(), dim=1, eps=1e-3)
                far = far + (y[: len(a)] - y[len(a) :]).abs().sum(1).mean() / y.shape[1] ** 0.5
        return far


def pictures(work):
    """[n, SIDE, SIDE, 3] uint8: stills of sources without a fold"""
    measured = {source for source, _ in facefolds.table()}
    out = []
    for r in csv.DictReader(open(work / "pictures.csv")):
        if r["kind"] == "still" and r["source"] not in measured:
            x = cv2.imread(r["path"])[..., ::-1]
            s = min(x.shape[:2])
            if s >= SIZES[0]:
                out.append(cv2.resize(np.ascontiguousarray(x[:s, :s]), (SIDE, SIDE), interpolation=cv2.INTER_AREA if s > SIDE else cv2.INTER_LINEAR))
    return np.stack(out)


def batch(genuine, count, rng):
    size = int(rng.choice(SIZES))
    side = int(rng.integers(max(size, SIDE // 2), SIDE + 1))
    y, x = rng.integers(0, SIDE - side + 1, 2)
    taken = genuine[torch.from_numpy(rng.integers(0, len(genuine), count)).to(genuine.device)][:, y : y + side, x : x + side]
    taken = taken.permute(0, 3, 1, 2).float() / 127.5 - 1
    if rng.random() < 0.5:
        taken = taken.flip(3)
    return F.interpolate(taken, (size, size), mode="bilinear", antialias=True, align_corners=False)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("--name", required=True, choices=MAKES)
    ap.add_argument("--steps", type=int, default=3000)
    ap.add_argument("--batch", type=int, default=32)
    ap.add_argument("--device", default="cpu")
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--seed", type=int, default=4)
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    rng = np.random.default_rng(a.seed)
    out = a.work / "generators"
    out.mkdir(parents=True, exist_ok=True)
    if (out / f"{a.name}-ripe.pt").is_file():
        return
    genuine = torch.from_numpy(pictures(a.work)).to(a.device)
    held, genuine = genuine[:HELD], genuine[HELD:]
    held = held[:, :128, 24:152].permute(0, 3, 1, 2).float() / 127.5 - 1
    net, judge, seen = (m.to(a.device, memory_format=torch.channels_last) for m in (Generator(MAKES[a.name]), Judge(), Seen()))
    ours, theirs = torch.optim.AdamW(net.parameters(), RATE, (0.5, 0.99)), torch.optim.AdamW(judge.parameters(), JUDGE_RATE, (0.5, 0.99))
    half = lambda: torch.autocast(a.device.split(":")[0], torch.bfloat16, enabled=a.device != "cpu")
    print(f"{a.name}: {len(genuine)} stills, {sum(p.numel() for p in net.parameters())} parameters", flush=True)
    began = time.time()
    for step in range(a.steps):
        for group in (*ours.param_groups, *theirs.param_groups):
            group["lr"] = RATE * min(1, (step + 1) / 100, 4 * (a.steps - step) / a.steps)
        x = batch(genuine, a.batch, rng).contiguous(memory_format=torch.channels_last)
        judged = step >= JUDGED * a.steps
        with half():
            y = net(x, flow(*x.shape[::2], x.shape[3], a.device) if rng.random() < MOVED else None, 0.05)
            loss = (y.float() - x).abs().mean() * 2 + SEEN_WEIGHT * seen(y, x)
            if judged:
                loss = loss - JUDGE_WEIGHT * judge(y).float().mean()
        ours.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        ours.step()
        if judged:
            with half():
                said = judge(torch.cat([x, y.detach()])).float()
                wrong = F.relu(1 - said[: len(x)]).mean() + F.relu(1 + said[len(x) :]).mean()
            theirs.zero_grad(set_to_none=True)
            wrong.backward()
            theirs.step()
        if (step + 1) % 250 == 0 or step + 1 == a.steps:
            net.eval()
            with torch.no_grad(), half():
                off = (net(held).float() - held).abs().mean().item() * 127.5
            net.train()
            print(f"{a.name} step {step + 1}: {off:.2f} of 255 off on stills set aside, {(time.time() - began) / (step + 1):.3f} s/step", flush=True)
        if step + 1 == int(JUDGED * a.steps):
            torch.save(net.state_dict(), out / f"{a.name}-early.pt")
    torch.save(net.state_dict(), out / f"{a.name}-ripe.pt")


if __name__ == "__main__":
    main()
