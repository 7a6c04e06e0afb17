"""A picture without a picture of the place: every pixel is told by the kinds of ground that its radar may be.

    L of the radar -> probability of each kind of ground (20 m) -> colour and expected error
    radar's structure finer than 160 m  x  a slope for each kind  -> lightness

On land what is brighter in radar is mostly darker to the eye (woods, hedges, wet and rough ground), in towns brighter:
the slopes say how much. No network runs. Every step is local: a tile with a halo gives what the whole scene gives.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import namespace
from ..palette.likelihood import FREEDOM, MEAN_ABSOLUTE, SHARPNESS
from ..palette.palette import GroundKinds
from ..planes import enlarge, greatest, join, like, mean, mix, pool, smooth, total, wide
from .painter import Painted

if TYPE_CHECKING:
    from torch import nn

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


class NoNetwork:
    """What an engine runs where nothing has to be: it gives one number for each picture."""

    def module(self) -> nn.Module:
        """As torch's module."""
        from .blocks import Nothing

        return Nothing()

    def graph(self, x: Any) -> Any:
        """(B, 1, 1, 1), as a graph."""
        return x[:, :1, :1, :1] * 0.0


def told_picture(ground: GroundKinds, lightness: Any) -> Painted:
    """The picture of L (B, C, H, W) of the radar, 0..100, with its expected error and its kinds of ground."""
    xp, logs = namespace(lightness), ground_logs(ground, lightness)
    chance, drawn = ground_chances(ground, logs), ground_chances(ground, logs, SHARPNESS)
    full = enlarge(ground_colours(ground, drawn, chance), KIND_PX)
    light = full[:, :1] + structure(enlarge(drawn, KIND_PX), mean(wide(lightness)))
    lab = join([xp.clip(light, 0.0, 100.0), full[:, 1:3]])
    kinds = enlarge(most_likely(chance), KIND_PX, "nearest")
    return Painted(lab=lab, error=xp.clip(full[:, 3:], *ERRORS), kinds=kinds)


def structure(chance: Any, lightness: Any) -> Any:
    """(B, 1, H, W) what the radar's structure finer than 16 px adds to L: `SLOPES` of each kind of ground.

    Args:
        chance: (B, 6, H, W) of the kinds. lightness: (B, 1, H, W) of the radar.
    """
    levels = [lightness, *(enlarge(pool(lightness, side), side) for side in SIDES_PX)]
    bands = join([fine - coarse for fine, coarse in itertools.pairwise(levels)])  # (B, 3, H, W)
    return total(mix(chance, np.array(SLOPES).T) * bands)


def ground_logs(ground: GroundKinds, lightness: Any) -> Any:
    """(B, 5, h, w) logarithm of share and density of each kind but snow, in blocks of KIND_PX, up to one constant.

    Args:
        lightness: (B, C, H, W) L of the radar, despeckled. See `palette.likelihood`.
    """
    # A block counts twice as much as its neighbours: what is left of speckle is no water.
    x = smooth(pool(wide(lightness), KIND_PX))
    channels, logs = x.shape[1], []
    for kind in ground.kinds:
        off = x - like(x, kind.lightness)[:, None, None]
        far = total(off * mix(off, np.reshape(kind.precision, (channels, channels))))
        log = math.log(max(kind.share, 1e-6)) - 0.5 * kind.log_volume
        logs.append(namespace(x).log1p(far * (1.0 / FREEDOM)) * (-0.5 * (FREEDOM + channels)) + log)
    return join(logs)


def ground_chances(ground: GroundKinds, logs: Any, sharpness: float = 1.0) -> Any:
    """(B, 6, h, w) probability of each kind of ground, snow last, from `ground_logs`; `likelihood.SHARPNESS`."""
    chance = namespace(logs).softmax(logs * sharpness, 1)
    white = (1.0 - chance[:, :1]) * ground.snow
    return join([chance[:, :1], chance[:, 1:] * (1.0 - ground.snow), white])


def ground_colours(ground: GroundKinds, drawn: Any, chance: Any) -> Any:
    """(B, 4, h, w) L, a, b and expected error, where kinds are mixed as drawn (B, 6, h, w) and have these chances."""
    xp = namespace(drawn)
    colours = [kind.colour + kind.square for kind in ground.kinds] + [ground.snow_colour + ground.snow_square]
    table = np.array(colours).T  # (5, 6)
    lab, expected = mix(drawn, table[:3]), mix(chance, table[1:])
    ab = lab[:, 1:]
    variance = xp.clip(expected[:, 2:] - expected[:, :2] * ab * 2.0 + ab * ab, 0.0, None)  # around what is drawn
    return join([lab, mean(xp.sqrt(variance)) * MEAN_ABSOLUTE])


def most_likely(chance: Any) -> Any:
    """(B, 2, h, w) the number of the most likely kind of ground, from 1, and its probability."""
    best, number = greatest(chance)
    return join([number + 1.0, best])
