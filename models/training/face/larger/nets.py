"""Networks of the attempt: larger ones, one with two heads, one over time."""
import copy, torch
from torch import nn
import torch.nn.functional as F
import lite0

BLOCKS2 = [(1,3,1,32,16),(2,3,6,16,24),(1,3,6,24,24),(1,3,6,24,24),(2,5,6,24,48),(1,5,6,48,48),(1,5,6,48,48),
           (2,3,6,48,88),(1,3,6,88,88),(1,3,6,88,88),(1,3,6,88,88),(1,5,6,88,120),(1,5,6,120,120),(1,5,6,120,120),(1,5,6,120,120)]

def shares(grid, zoom=1.0):
    at = ((torch.arange(grid) + 0.5) / grid - 0.5) / zoom + 0.5
    face = (((at[None] - 0.5) / 0.22) ** 2 + ((at[:, None] - 0.53) / 0.29) ** 2 < 1).flatten()
    both = torch.stack([face, ~face]).float()
    return both / both.sum(1, keepdim=True) / 2

class Frame(nn.Module):
    def __init__(self, side=160, zoom=1.0, blocks=lite0.BLOCKS, heads=False):
        super().__init__()
        self.stem = nn.Sequential(lite0.same_conv(3, 32, 3, 2), nn.BatchNorm2d(32, eps=1e-3), nn.ReLU6())
        self.blocks = nn.Sequential(*[lite0.Block(*b) for b in blocks])
        self.drop = nn.Dropout(0.3)
        self.wide = blocks[-1][-1]
        self.heads = heads
        self.register_buffer("shares", shares(side // 16, zoom), persistent=False)
        self.out = nn.Conv2d(self.wide, 2, 1)
        nn.init.normal_(self.out.weight, std=0.01); nn.init.zeros_(self.out.bias)
        if heads:
            self.differ = nn.Linear(self.wide, 1); self.whole = nn.Linear(self.wide, 1)
            for l in (self.differ, self.whole): nn.init.normal_(l.weight, std=0.01); nn.init.zeros_(l.bias)
    def load(self, path):
        theirs = torch.load(path, map_location="cpu", weights_only=True)
        convs = [v for k, v in theirs.items() if k.endswith("weight") and v.ndim == 4]
        norms = [k[: -len(".running_mean")] for k in theirs if k.endswith(".running_mean")]
        mine = [m for p in (self.stem, self.blocks) for m in p.modules()]
        with torch.no_grad():
            for m, w in zip([m for m in mine if isinstance(m, nn.Conv2d)], convs):
                assert m.weight.shape == w.shape, (m.weight.shape, w.shape)
                m.weight.copy_(w)
            for m, n in zip([m for m in mine if isinstance(m, nn.BatchNorm2d)], norms):
                for own, part in ((m.weight, "weight"), (m.bias, "bias"), (m.running_mean, "running_mean"), (m.running_var, "running_var")):
                    own.copy_(theirs[f"{n}.{part}"])
        return self
    def train(self, mode=True):
        super().train(mode); self.stem.eval(); self.blocks[0].eval(); return self
    def grid(self, x):
        with torch.no_grad():
            x = self.blocks[0](self.stem(x))
        return self.blocks[1:](x)
    def parts(self, x):
        """(swap logit, whole logit) of two heads"""
        pooled = self.drop(torch.einsum("bcn,rn->brc", self.grid(x).flatten(2), self.shares * 2))
        inside, around = pooled[:, 0], pooled[:, 1]
        swap = ((inside * self.out.weight[0, :, 0, 0]) + (around * self.out.weight[1, :, 0, 0])).sum(1) / 2 + self.out.bias.sum() / 2 + self.differ((inside - around).abs())[:, 0]
        return swap, self.whole((inside + around) / 2)[:, 0]
    def logit(self, x):
        if self.heads:
            return torch.logaddexp(*self.parts(x)) - 0.6931472
        pooled = self.drop(torch.einsum("bcn,rn->brc", self.grid(x).flatten(2), self.shares))
        return (pooled * self.out.weight[:, :, 0, 0]).sum((1, 2)) + (self.out.bias * self.shares.sum(1)).sum()

class Time(nn.Module):
    """Eight aligned crops: the mean of the crops' logits, and one of how their cells change about their own mean."""
    def __init__(self, frame):
        super().__init__()
        self.frame = copy.deepcopy(frame)
        self.squeeze = nn.Conv2d(frame.wide, 48, 1)
        self.first, self.second = (nn.Conv3d(48, 48, (3, 1, 1), padding=(1, 0, 0)) for _ in range(2))
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(96, 1)
        nn.init.normal_(self.out.weight, std=0.01); nn.init.zeros_(self.out.bias)
    def parts(self, x):
        """x [b, t, 3, s, s]: (mean logit of crops, logit of change)"""
        b, t = x.shape[:2]
        f = self.frame
        cells = f.grid(x.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        pooled = f.drop(torch.einsum("bcn,rn->brc", cells.flatten(2), f.shares))
        still = (pooled * f.out.weight[:, :, 0, 0]).sum((1, 2)) + (f.out.bias * f.shares.sum(1)).sum()
        change = self.squeeze(cells).unflatten(0, (b, t))
        change = (change - change.mean(1, keepdim=True)).transpose(1, 2)
        h = F.relu(self.second(F.relu(self.first(change)))).mean(2).flatten(2)
        h = torch.einsum("bcn,rn->brc", h, f.shares * 2).flatten(1)
        return still.unflatten(0, (b, t)).mean(1), self.out(self.drop(torch.log1p(h)))[:, 0]
    def logit(self, x):
        return sum(self.parts(x))
