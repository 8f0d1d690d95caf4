"""What every training here shares: the rate's course, batches made ahead, the loss of pairs, the weight average."""

import math
import queue
import threading

import torch
import torch.nn.functional as F

WARM_UP, KEEP = 50, 0.99
SMOOTH, MARGIN, MARGIN_WEIGHT = 0.05, 2.0, 0.3


def rate(step, steps, peak, warm_up=WARM_UP):
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up))))


class Batches(torch.utils.data.Dataset):
    def __init__(self, make):
        self.make = make

    def __getitem__(self, step):
        return self.make(step)


def prefetch(make, first, steps, workers=0):
    """Batches in order, from one thread ahead of the training step or from processes."""
    if workers:
        yield from torch.utils.data.DataLoader(Batches(make), batch_size=None, sampler=range(first, steps), num_workers=workers, prefetch_factor=4, multiprocessing_context="fork", collate_fn=lambda x: x)
        return
    ready = queue.Queue(maxsize=3)

    def work():
        for step in range(first, steps):
            try:
                ready.put(make(step))
            except Exception as error:  # handed on to the training thread, which raises it
                ready.put(error)
                return

    threading.Thread(target=work, daemon=True).start()
    for _ in range(first, steps):
        item = ready.get()
        if isinstance(item, Exception):
            raise item
        yield item


def loss_of(logit, label, same):
    """Smoothed cross-entropy, and a margin between the halves of a pair that met under one augmentation."""
    target = label * (1 - 2 * SMOOTH) + SMOOTH
    entropy = F.binary_cross_entropy_with_logits(logit, target)
    gap = (logit[1::2] - logit[0::2])[same]
    return entropy + (MARGIN_WEIGHT * F.softplus(MARGIN - gap).mean() if len(gap) else 0.0)


def average(ema, net, step, most=KEEP):
    """Moves the weight average towards the network; `most` is what a late step keeps of it."""
    keep, pairs = min(most, (1 + step) / (10 + step)), list(zip(ema.state_dict().values(), net.state_dict().values()))
    with torch.no_grad():
        torch._foreach_lerp_(*zip(*((mine, theirs) for mine, theirs in pairs if mine.dtype.is_floating_point)), 1 - keep)
        for mine, theirs in pairs:
            if not mine.dtype.is_floating_point:
                mine.copy_(theirs)


def optimiser_of(net, peak, decay):
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    return torch.optim.AdamW([dict(params=weights, weight_decay=decay), dict(params=others, weight_decay=0.0)], lr=peak)


class Checkpoint:
    """FOLDER/last.pt: network, weight average, optimiser and step."""

    def __init__(self, folder):
        self.path = folder / "last.pt"

    def resume(self, net, ema, optimiser):
        """The step to go on from"""
        if not self.path.is_file():
            return 0
        state = torch.load(self.path, weights_only=True, map_location="cpu")
        net.load_state_dict(state["net"])
        ema.load_state_dict(state["ema"])
        optimiser.load_state_dict(state["optimiser"])
        return state["step"]

    def keep(self, net, ema, optimiser, step):
        part = self.path.with_suffix(".part")
        torch.save(dict(net=net.state_dict(), ema=ema.state_dict(), optimiser=optimiser.state_dict(), step=step), part)
        part.replace(self.path)
