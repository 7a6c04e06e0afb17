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
REACH_PX = 32
"""At least how far around a pixel `told_picture` looks, the coarsest of SIDES_PX and its neighbour; a whole number of
`by_place.STRIDE_PX`."""
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
    lab = enlarge(told, side)
    light, ab = lab[:, :1], told[:, 1:]
    if own:
        dim = 1.0 / (light + 16.0)
        torch.add(radar, shift_of(ground), out=light).clamp_(0.0, 100.0)
        dim = (dim * (light + 16.0)).clamp_(max=1.0)  # as much colour as so little light has
        lab[:, 1:] *= dim
        ab = ab * F.avg_pool2d(dim, side)
    else:
        light += structure(drawn, radar)
        light.clamp_(0.0, 100.0)
    return Painted(
        lab=lab,
        error=lambda: enlarge(expected_error(ground_moments(ground, chance), ab), side).clamp(*ERRORS),
        kinds=lambda: enlarge(most_likely(chance), side, "nearest"),
    )


def shift_of(ground: GroundKinds) -> float:
    """What is added to the radar's own L, so that the scene as a whole is as bright as its kinds of ground are."""
    seen = ground.seen or (*(kind.share for kind in ground.kinds), 0.0)
    bright = sum(share * kind.colour[0] for share, kind in zip(seen, ground.kinds, strict=False))
    dark = sum(share * kind.lightness[0] for share, kind in zip(seen, ground.kinds, strict=False))
    return (bright + seen[-1] * ground.snow_colour[0]) / sum(seen) - dark / max(sum(seen[:-1]), 1e-6)


def structure(chance: Tensor, lightness: Tensor) -> Tensor:
    """(B, 1, H, W) what the radar's structure finer than 16 px adds to L: `SLOPES` of each kind of ground.

    Args:
        chance: (B, 6, H / KIND_PX, W / KIND_PX) of the kinds. lightness: (B, 1, H, W) of the radar.
    """
    slopes = enlarge(F.conv2d(chance, chance.new_tensor(SLOPES).T[:, :, None, None]), KIND_PX)  # (B, 3, H, W)
    levels = [lightness, *(enlarge(F.avg_pool2d(lightness, side), side) for side in SIDES_PX)]
    added = torch.zeros_like(lightness)
    for slope, (fine, coarse) in zip(slopes.split(1, 1), itertools.pairwise(levels), strict=True):
        added.addcmul_(slope, fine - coarse)
    return added


def ground_logs(ground: GroundKinds, lightness: Tensor, side: int = KIND_PX) -> Tensor:
    """(B, 5, h, w) logarithm of share and density of each kind but snow, in blocks of a side, up to one constant.

    Args:
        lightness: (B, C, H, W) L of the radar, despeckled. side: pixels. See `palette.likelihood`.
    """
    x = F.avg_pool2d(wide(lightness), side)
    for axis in (3, 2):  # a block counts twice as much as its neighbours: or speckle makes water
        wider, length = F.pad(x, (1, 1, 0, 0) if axis == 3 else (0, 0, 1, 1), mode="replicate"), x.shape[axis]
        beside = wider.narrow(axis, 0, length) + wider.narrow(axis, 2, length)
        x = beside.mul_(0.25).add_(x, alpha=0.5)
    channels, logs = x.shape[1], []
    for kind in ground.kinds:
        off = [x[:, channel] - kind.lightness[channel] for channel in range(channels)]
        far = torch.zeros_like(off[0])
        for row, col in itertools.combinations_with_replacement(range(channels), 2):
            weight = kind.precision[row * channels + col] * (1.0 if row == col else 2.0)
            far.addcmul_(off[row], off[col], value=weight)
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
