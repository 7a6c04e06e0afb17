"""The learned filter's network: a plain stack of dilated convolutions that says how far each pixel is off, in decibels.

    contrast, valid, noise -> 3 x 3 convolutions, all at full resolution -> correction

No stride, no pooling and no normalisation over the picture, so that a pixel depends on `Despeckler.reach_px` pixels
around it and on nothing else. Residual blocks after He et al. (2016); dilations that rise and fall after Zhang et al.,
Learning deep CNN denoiser prior for image restoration, CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

DILATIONS = (1, 1, 1, 2, 2, 3, 3, 2, 1, 1, 1)


class Despeckler(nn.Module):
    """(B, 3, H, W) contrast, validity and noise to (B, 1, H, W) correction; `learned.change_db` says how."""

    def __init__(self, width: int = 16, dilations: Sequence[int] = DILATIONS) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in dilations)
        self.leave = nn.Conv2d(width, 1, 3, padding=1)
        self.dilations = tuple(dilations)
        self.reach_px = 1 + sum(dilations) + 1
        for block in self.blocks:
            weight = nn.init.kaiming_normal_(block.get_parameter("weight"), nonlinearity="relu")
            weight.data *= 3.5 / len(self.dilations)  # residuals added up stay near the size of the first

    def forward(self, x: Tensor) -> Tensor:
        """The correction of every pixel, in the unit of the contrast."""
        x = torch.relu_(self.enter(x))  # (B, w, H, W)
        for block in self.blocks:
            change = torch.relu_(block(x))  # (B, w, H, W)
            x = change + x if torch.is_grad_enabled() else change.add_(x)  # in place: memory is what takes the time
        out: Tensor = self.leave(x)  # (B, 1, H, W)
        return out

    def inner(self, x: Tensor) -> Tensor:
        """The correction of the pixels that have `reach_px` pixels around them, r, (B, 1, H - 2 r, W - 2 r).

        No convolution pads. Where one does, oneDNN adds the terms of a pixel in another order in the blocks that touch
        the edge, which may be wider than the reach, so that a pixel's last bits would tell where in a tile it stands.
        """
        x = torch.relu_(conv2d(x, self.enter.weight, self.enter.bias))  # (B, w, H - 2, W - 2)
        for block, d in zip(self.blocks, self.dilations, strict=True):
            change = torch.relu_(conv2d(x, block.get_parameter("weight"), block.get_parameter("bias"), dilation=d))
            x = change.add_(x[..., d:-d, d:-d])  # (B, w, H - 2 d, W - 2 d)
        return conv2d(x, self.leave.weight, self.leave.bias)
