"""ColorSAR's encoder-decoder: lightness in, the two colour channels of Lab out.

Differs from the published network: trained from scratch instead of on a pretrained backbone, one level less (1/16), no
fusion branch, and every layer local, so that a tile with a halo gives exactly what the whole scene gives. As there, a
and b are predicted at half resolution: the lightness keeps the structure, the colour is smooth.

Two heads: (a, b) itself, as published, which learns the mean of all colours that a place may have; or a choice among
colour classes after Zhang, Isola and Efros 2016 (Colorful Image Colorization, sections 2.1 to 2.3), whose mean is taken
at a low temperature, so that of green and red it makes one of the two and not brown.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..color import AB_MAX
from ..planes import enlarge
from . import reach
from .blocks import ConvBlock
from .graphs import TEMPERATURE

STRIDE_PX = 16
"""Shifting the input by this many pixels shifts the output alike; the size of a tile must be a multiple of it."""


def _stage(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(ConvBlock(channels_in, channels_out, stride=2), ConvBlock(channels_out, channels_out))


class ColorSAR(nn.Module):
    """L to (a, b).

    Args:
        width: channels at half resolution; 32 makes 1.7 M parameters.
        channels: lightness channels taken, 1.
        classes: (a, b) of the colour classes in Lab units, or None for the published head.
    """

    def __init__(self, width: int = 32, channels: int = 1, classes: Sequence[Sequence[float]] | None = None) -> None:
        super().__init__()
        w = width
        colours = torch.tensor(classes if classes is not None else [], dtype=torch.float32)
        self.colours: Tensor
        self.register_buffer("colours", colours.reshape(-1, 2), persistent=False)  # (K, 2)
        self.encode_2 = _stage(channels, w)
        self.encode_4 = _stage(w, 2 * w)
        self.encode_8 = _stage(2 * w, 4 * w)
        self.encode_16 = _stage(4 * w, 8 * w)
        self.decode_16 = ConvBlock(8 * w, 4 * w)
        self.decode_8 = ConvBlock(8 * w, 2 * w)
        self.decode_4 = ConvBlock(4 * w, w)
        self.decode_2 = ConvBlock(2 * w, w)
        self.head = nn.Conv2d(w, len(colours) or 2, 3, padding=1, padding_mode="replicate")

    def forward(self, lightness: Tensor) -> Tensor:
        """(a, b) / `color.AB_MAX` from L / 100 * 2 - 1; sides must be multiples of `STRIDE_PX`."""
        x = self.scores(lightness)  # (B, 2 or K, H/2, W/2)
        if len(self.colours):
            shares = torch.softmax(x / TEMPERATURE, 1)
            x = F.conv2d(shares, (self.colours.T / AB_MAX)[:, :, None, None].to(shares.dtype))  # (B, 2, H/2, W/2)
        else:
            x = torch.tanh(x)
        made: Tensor = enlarge(x, 2)  # (B, 2, H, W)
        return made

    def scores(self, lightness: Tensor) -> Tensor:
        """What the head gives at half resolution: a logit for each colour class, or (a, b) before its tanh."""
        at_2 = self.encode_2(lightness)  # (B, w, H/2, W/2)
        at_4 = self.encode_4(at_2)  # (B, 2w, H/4, W/4)
        at_8 = self.encode_8(at_4)  # (B, 4w, H/8, W/8)
        at_16 = self.encode_16(at_8)  # (B, 8w, H/16, W/16)
        x = torch.cat([enlarge(self.decode_16(at_16), 2), at_8], 1)  # (B, 8w, H/8, W/8)
        x = torch.cat([enlarge(self.decode_8(x), 2), at_4], 1)  # (B, 4w, H/4, W/4)
        x = torch.cat([enlarge(self.decode_4(x), 2), at_2], 1)  # (B, 2w, H/2, W/2)
        out: Tensor = self.head(self.decode_2(x))  # (B, 2 or K, H/2, W/2)
        return out


def reach_px() -> int:
    """How far from an output pixel the farthest input pixel lies that it depends on, exactly."""
    return reach.reach_px(_span, STRIDE_PX)


def halo_px() -> int:
    """`reach_px` rounded up to a multiple of `STRIDE_PX`."""
    return reach.halo_px(_span, STRIDE_PX)


def _span(pixel: int) -> reach.Span:
    """First and last input index that output index `pixel` depends on, along one axis."""
    span = reach.before_conv(reach.before_enlarging((pixel, pixel), 2), 2)  # head and decode_2: at 1/2
    skips = [span]
    for _ in range(3):  # decode_4, decode_8, decode_16: at 1/4, 1/8, 1/16
        span = reach.before_conv(reach.before_enlarging(span, 2))
        skips.append(span)
    span = skips.pop()
    while True:  # encode_16 .. encode_2; a skip joins at each resolution on the way up
        span = reach.before_stride(reach.before_conv(span))
        if not skips:
            return span
        span = reach.join(span, skips.pop())
