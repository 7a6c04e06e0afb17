"""A picture without a picture of the place: every pixel is told by the kinds of ground that its radar may be.

    L of the radar -> probability of each kind of ground (20 m) -> colour and expected error
    radar's structure finer than 160 m  x  a slope for each kind  -> lightness

On land what is brighter in radar is mostly darker to the eye (woods, hedges, wet and rough ground), in towns brighter:
the slopes say how much. No network runs. Every step is local: a tile with a halo gives what the whole scene gives.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..palette.likelihood import FREEDOM, MEAN_ABSOLUTE, SHARPNESS
from ..palette.palette import GroundKinds
from .blocks import enlarge
from .by_place import wide
from .painter import Painted

KIND_PX = 2
"""Side of the blocks for which kinds of ground are told, 20 m: as fine as Sentinel-1 sees."""
SIDES_PX = (4, 8, 16)
_LAND, _TOWN = (-0.20, -0.35, -0.40), (0.50, 0.50, 0.40)
SLOPES = ((0.15, 0.15, 0.15), _LAND, _LAND, _LAND, _TOWN, (0.0, 0.0, 0.0))
"""L of the picture on L of the radar, for what is finer than 4 px, 4 to 8 and 8 to 16, of water, wood, field, bare
ground, town and snow. Their signs are those of the training pairs: on land -0.07, -0.22, -0.30 (medians of twenty
places), in cities 0.10, 0.20, 0.23 (of four). They are steeper here, so that the picture is as sharp as the radar, at
no cost in a and b and 1 % of the error of L; see docs/experiments.md."""
ERRORS = (0.5, 30.0)
"""Least and greatest expected error of a and b, in Lab units."""


class NoNetwork(nn.Module):
    """What an engine runs where nothing has to be: it gives one number for each picture."""

    def forward(self, lightness: Tensor) -> Tensor:
        """(B, 1, 1, 1)."""
        return lightness[:, :1, :1, :1] * 0.0


def told_picture(ground: GroundKinds, lightness: Tensor) -> Painted:
    """The picture of L (B, C, H, W) of the radar, 0..100, with its expected error and its kinds of ground."""
    logs = ground_logs(ground, lightness)
    chance, drawn = ground_chances(ground, logs), ground_chances(ground, logs, SHARPNESS)
    full = enlarge(ground_colours(ground, drawn, chance), KIND_PX)
    light = full[:, :1] + structure(enlarge(drawn, KIND_PX), wide(lightness).mean(1, keepdim=True))
    lab = torch.cat([light.clamp(0.0, 100.0), full[:, 1:3]], 1)
    return Painted(lab=lab, error=full[:, 3:].clamp(*ERRORS), kinds=enlarge(most_likely(chance), KIND_PX, "nearest"))


def structure(chance: Tensor, lightness: Tensor) -> Tensor:
    """(B, 1, H, W) what the radar's structure finer than 16 px adds to L: `SLOPES` of each kind of ground.

    Args:
        chance: (B, 6, H, W) of the kinds. lightness: (B, 1, H, W) of the radar.
    """
    levels = [lightness, *(enlarge(F.avg_pool2d(lightness, side), side) for side in SIDES_PX)]
    bands = torch.cat([fine - coarse for fine, coarse in itertools.pairwise(levels)], 1)  # (B, 3, H, W)
    return (F.conv2d(chance, chance.new_tensor(SLOPES).T[:, :, None, None]) * bands).sum(1, keepdim=True)


def ground_logs(ground: GroundKinds, lightness: Tensor) -> Tensor:
    """(B, 5, h, w) logarithm of share and density of each kind but snow, in blocks of KIND_PX, up to one constant.

    Args:
        lightness: (B, C, H, W) L of the radar, despeckled. See `palette.likelihood`.
    """
    x = F.avg_pool2d(wide(lightness), KIND_PX)
    for side in ((1, 3), (3, 1)):  # a block counts twice as much as its neighbours: what is left of speckle is no water
        margins = (side[1] // 2,) * 2 + (side[0] // 2,) * 2
        weights = x.new_tensor((0.25, 0.5, 0.25)).reshape(1, 1, *side).expand(x.shape[1], -1, -1, -1)
        x = F.conv2d(F.pad(x, margins, mode="replicate"), weights, groups=x.shape[1])
    channels, logs = x.shape[1], []
    for kind in ground.kinds:
        off = x - x.new_tensor(kind.lightness)[:, None, None]
        precision = x.new_tensor(kind.precision).reshape(channels, channels, 1, 1)
        far = (off * F.conv2d(off, precision)).sum(1)
        log = math.log(max(kind.share, 1e-6)) - 0.5 * kind.log_volume
        logs.append(log - 0.5 * (FREEDOM + channels) * torch.log1p(far / FREEDOM))
    return torch.stack(logs, 1)


def ground_chances(ground: GroundKinds, logs: Tensor, sharpness: float = 1.0) -> Tensor:
    """(B, 6, h, w) probability of each kind of ground, snow last, from `ground_logs`; `likelihood.SHARPNESS`."""
    chance = torch.softmax(sharpness * logs, 1)
    white = ground.snow * (1.0 - chance[:, :1])
    return torch.cat([chance[:, :1], (1.0 - ground.snow) * chance[:, 1:], white], 1)


def ground_colours(ground: GroundKinds, drawn: Tensor, chance: Tensor) -> Tensor:
    """(B, 4, h, w) L, a, b and expected error, where kinds are mixed as drawn (B, 6, h, w) and have these chances."""
    colours = [kind.colour + kind.square for kind in ground.kinds] + [ground.snow_colour + ground.snow_square]
    table = drawn.new_tensor(colours).T[:, :, None, None]  # (5, 6, 1, 1)
    lab, expected = F.conv2d(drawn, table[:3]), F.conv2d(chance, table[1:])
    ab = lab[:, 1:]
    variance = (expected[:, 2:] - 2.0 * expected[:, :2] * ab + ab**2).clamp(min=0.0)  # around the colour that is drawn
    return torch.cat([lab, MEAN_ABSOLUTE * variance.sqrt().mean(1, keepdim=True)], 1)


def most_likely(chance: Tensor) -> Tensor:
    """(B, 2, h, w) the number of the most likely kind of ground, from 1, and its probability."""
    best, number = chance.max(1, keepdim=True)
    return torch.cat([number.to(best.dtype) + 1.0, best], 1)
