"""A picture without a picture of the place: every pixel is told by the kinds of ground that its radar may be.

    L of the radar -> probability of each kind of ground (20 m) -> colour and expected error
    radar's structure finer than 160 m  x  a slope for each kind  -> lightness

On land what is brighter in radar is mostly darker to the eye (woods, hedges, wet and rough ground), in towns brighter:
the slopes say how much. One band of unknown level tells too little for that: its picture keeps the radar's own
lightness, and takes its hues alone from the kinds of ground. No network runs. Every step is local: a tile with a halo
gives what the whole scene gives.
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
OWN_PX = 8
"""The same where the radar's own lightness is kept: one band without a level makes islands of every street at 20 m."""
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
    radar, own = wide(lightness).mean(1, keepdim=True), ground.own_lightness
    side = OWN_PX if own else KIND_PX
    logs = ground_logs(ground, lightness, side)
    chance, drawn = ground_chances(ground, logs), ground_chances(ground, logs, SHARPNESS)
    told = ground_colours(ground, drawn)
    full, ab = enlarge(told, side), told[:, 1:]
    if own:
        light = shifted(ground, radar).clamp(0.0, 100.0)
        dim = ((light + 16.0) / (full[:, :1] + 16.0)).clamp(max=1.0)  # as much colour as so little light has
        full, ab = full * dim, ab * F.avg_pool2d(dim, side)
    else:
        light = (full[:, :1] + structure(enlarge(drawn, side), radar)).clamp(0.0, 100.0)
    error = enlarge(expected_error(ground_moments(ground, chance), ab), side).clamp(*ERRORS)
    lab = torch.cat([light, full[:, 1:]], 1)
    return Painted(lab=lab, error=error, kinds=enlarge(most_likely(chance), side, "nearest"))


def shifted(ground: GroundKinds, radar: Tensor) -> Tensor:
    """(B, 1, H, W) the radar's own L, shifted so that the scene as a whole is as bright as its kinds of ground are."""
    seen = radar.new_tensor(ground.seen or [*(kind.share for kind in ground.kinds), 0.0])
    bright = radar.new_tensor([*(kind.colour[0] for kind in ground.kinds), ground.snow_colour[0]])
    dark = radar.new_tensor([sum(kind.lightness) / len(kind.lightness) for kind in ground.kinds])
    return radar + (seen @ bright / seen.sum() - seen[:-1] @ dark / seen[:-1].sum().clamp(min=1e-6))


def structure(chance: Tensor, lightness: Tensor) -> Tensor:
    """(B, 1, H, W) what the radar's structure finer than 16 px adds to L: `SLOPES` of each kind of ground.

    Args:
        chance: (B, 6, H, W) of the kinds. lightness: (B, 1, H, W) of the radar.
    """
    levels = [lightness, *(enlarge(F.avg_pool2d(lightness, side), side) for side in SIDES_PX)]
    bands = torch.cat([fine - coarse for fine, coarse in itertools.pairwise(levels)], 1)  # (B, 3, H, W)
    return (F.conv2d(chance, chance.new_tensor(SLOPES).T[:, :, None, None]) * bands).sum(1, keepdim=True)


def ground_logs(ground: GroundKinds, lightness: Tensor, side: int = KIND_PX) -> Tensor:
    """(B, 5, h, w) logarithm of share and density of each kind but snow, in blocks of a side, up to one constant.

    Args:
        lightness: (B, C, H, W) L of the radar, despeckled. side: pixels. See `palette.likelihood`.
    """
    x = F.avg_pool2d(wide(lightness), side)
    for along in ((1, 3), (3, 1)):  # a block counts twice as much as its neighbours: or speckle makes water
        margins = (along[1] // 2,) * 2 + (along[0] // 2,) * 2
        weights = x.new_tensor((0.25, 0.5, 0.25)).reshape(1, 1, *along).expand(x.shape[1], -1, -1, -1)
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


def ground_colours(ground: GroundKinds, drawn: Tensor) -> Tensor:
    """(B, 3, h, w) L, a and b, where kinds are mixed as drawn, (B, 6, h, w)."""
    colours = [*(kind.colour for kind in ground.kinds), ground.snow_colour]
    return F.conv2d(drawn, drawn.new_tensor(colours).T[:, :, None, None])


def ground_moments(ground: GroundKinds, chance: Tensor) -> Tensor:
    """(B, 4, h, w) means of a and b, then of their squares, where kinds have these chances, (B, 6, h, w)."""
    kinds = [*((kind.colour, kind.square) for kind in ground.kinds), (ground.snow_colour, ground.snow_square)]
    return F.conv2d(chance, chance.new_tensor([(*colour[1:], *square) for colour, square in kinds]).T[:, :, None, None])


def expected_error(moments: Tensor, ab: Tensor) -> Tensor:
    """(B, 1, h, w) expected absolute error of the a and b that are drawn, from `ground_moments` there."""
    variance = (moments[:, 2:] - 2.0 * moments[:, :2] * ab + ab**2).clamp(min=0.0)  # around the colour that is drawn
    return MEAN_ABSOLUTE * variance.sqrt().mean(1, keepdim=True)


def most_likely(chance: Tensor) -> Tensor:
    """(B, 2, h, w) the number of the most likely kind of ground, from 1, and its probability."""
    best, number = chance.max(1, keepdim=True)
    return torch.cat([number.to(best.dtype) + 1.0, best], 1)
