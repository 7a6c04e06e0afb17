"""A picture without a picture of the place: every pixel is told by the kinds of ground that its radar may be.

    L of the radar -> probability of each kind of ground (20 m), less rims of bare ground along shores
                   -> colour and expected error
    radar's structure finer than 160 m  x  a slope for each kind  -> lightness

On land what is brighter in radar is mostly darker to the eye (woods, hedges, wet and rough ground), in towns brighter:
the slopes say how much. One band of unknown level tells too little for that: its picture keeps the radar's own
lightness, and takes its hues alone from the kinds of ground. No network runs. Every step is local: a tile with a halo
gives what the whole scene gives.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import namespace
from ..palette.difference import COLOURS, LOGS, MOMENTS, SNOW, lightness_of
from ..palette.likelihood import FREEDOM, MEAN_ABSOLUTE, SHARPNESS
from ..palette.palette import GroundKinds
from ..planes import added, enlarge, greatest, highest, join, like, mean, mix, mixed, pool, smooth, total, wide
from .ground_numbers import GroundNumbers, numbers_of, unpacked
from .painter import Painted

if TYPE_CHECKING:
    from torch import nn

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
BARE, LEAST, SURE = 3, 1e-4, 1.5
"""The number of bare ground among the kinds, what is left of it in a rim at least, and a factor: where water and land
beside a strip have 1 / SURE of all probability together, it is a rim for sure."""
CORE, NEAR, THIN = 2, 6, 3
"""Blocks of KIND_PX, see `without_rims`; together with the smoothing they reach 20 px, less than REACH_PX."""
ERRORS = (0.5, 30.0)
"""Least and greatest expected error of a and b, in Lab units."""


class NoNetwork:
    """What an engine runs where nothing has to be: it gives one number for each picture."""

    is_bounded = False
    structure = "no network"

    def module(self) -> nn.Module:
        """As torch's module."""
        from .blocks import Nothing

        return Nothing()

    def graph(self, x: Any) -> Any:
        """(B, 1, 1, 1), as a graph."""
        return x[:, :1, :1, :1] * 0.0


def told_picture(ground: GroundKinds, lightness: Any, beside: Any = None, numbers: Any = None) -> Painted:
    """The picture of L (B, C, H, W) of the radar, 0..100, with its expected error and its kinds of ground.

    Args:
        beside: (B, P, h, w) how the kinds differ there, see `palette.difference`; None where they do not vary.
        numbers: a symbol of what `ground_numbers.packed` gives of the kinds; None takes them as they are.
    """
    radar, own = mean(wide(lightness)), ground.own_lightness
    side = OWN_PX if own else KIND_PX
    kinds = numbers_of(ground) if numbers is None else unpacked(numbers, len(ground.kinds), lightness.shape[1])
    xp, logs = namespace(lightness), ground_logs(kinds, lightness, side, beside)
    snow = kinds.snow
    if beside is not None:
        snow = snow + enlarge(beside[:, SNOW], logs.shape[2] // beside.shape[2], "nearest")
    chance, drawn = (ground_chances(snow, logs, power) for power in (1.0, SHARPNESS))
    drawn = drawn if own else without_rims(drawn)
    told = ground_colours(kinds, drawn, beside)
    full, ab = enlarge(told, side), told[:, 1:]
    if own:
        light = xp.clip(radar + kinds.shift, 0.0, 100.0)
        dim = xp.clip((light + 16.0) / (full[:, :1] + 16.0), None, 1.0)  # as much colour as so little light has
        lab, ab = join([light, full[:, 1:] * dim]), ab * pool(dim, side)
    else:
        lab = join([xp.clip(full[:, :1] + structure(drawn, radar), 0.0, 100.0), full[:, 1:]])
    return Painted(
        lab=lab,
        error=lambda: xp.clip(
            enlarge(expected_error(ground_moments(kinds, chance, beside), ab, kinds.off), side), *ERRORS
        ),
        kinds=lambda: enlarge(most_likely(chance if own else without_rims(chance)), side, "nearest"),
    )


def structure(chance: Any, lightness: Any) -> Any:
    """(B, 1, H, W) what the radar's structure finer than 16 px adds to L: `SLOPES` of each kind of ground.

    Args:
        chance: (B, 6, H / KIND_PX, W / KIND_PX) of the kinds. lightness: (B, 1, H, W) of the radar.
    """
    slopes = enlarge(mix(chance, np.array(SLOPES).T), KIND_PX)  # (B, 3, H, W)
    levels = [lightness, *(enlarge(pool(lightness, side), side) for side in SIDES_PX)]
    return total(slopes * join([fine - coarse for fine, coarse in itertools.pairwise(levels)]))


def ground_logs(kinds: GroundNumbers, lightness: Any, side: int = KIND_PX, beside: Any = None) -> Any:
    """(B, 5, h, w) logarithm of share and density of each kind but snow, in blocks of a side, up to one constant.

    Args:
        lightness: (B, C, H, W) L of the radar, despeckled. side: pixels. beside: see `told_picture`.
        See `palette.likelihood`.
    """
    x = smooth(pool(wide(lightness), side))  # a block counts twice as much as its neighbours: or speckle makes water
    channels, logs = x.shape[1], []
    for number in range(kinds.lightness.shape[0]):
        off = x - like(x, kinds.lightness[number])[:, None, None]
        if beside is not None:
            off = added(off, lightness_of(beside, number, channels) * -1.0)
        far = total(off * mix(off, kinds.precision[number]))
        logs.append(namespace(x).log1p(far * (1.0 / FREEDOM)) * kinds.power + kinds.logs[number])
    return join(logs) if beside is None else added(join(logs), beside[:, LOGS])


def ground_chances(snow: Any, logs: Any, sharpness: float = 1.0) -> Any:
    """(B, 6, h, w) probability of each kind of ground, snow last, from `ground_logs`; `likelihood.SHARPNESS`.

    Args:
        snow: its share of what is not water, a number or (B, 1, h, w).
    """
    chance = namespace(logs).softmax(logs * sharpness, 1)
    white = (1.0 - chance[:, :1]) * snow
    return join([chance[:, :1], chance[:, 1:] * (1.0 - snow), white])


def without_rims(chance: Any) -> Any:
    """The probabilities (B, 6, h, w) with strips of bare ground between water and other land shared among the others.

    A pixel of both has the backscatter of bare ground, so every shore would have a brown rim. A strip is what is
    narrower than 2 THIN + 1 blocks, with a patch of water and one of land, each at least 2 CORE + 1 wide, within
    NEAR - CORE. Wide banks stay as they are.
    """
    water, bare = chance[:, :1], chance[:, BARE : BARE + 1]
    sides = highest(_lowest(join([water, 1.0 - water - bare]), CORE), NEAR)
    strip = 1.0 - (highest(_lowest(bare, THIN), THIN) + LEAST) / (bare + LEAST)
    kept = 1.0 - namespace(chance).clip(sides[:, :1] * sides[:, 1:] * strip * SURE, 0.0, 1.0 - LEAST)
    left = join([chance[:, :BARE], bare * kept, chance[:, BARE + 1 :]])
    return left / total(left)


def _lowest(chance: Any, reach: int) -> Any:
    return 1.0 - highest(1.0 - chance, reach)


def ground_colours(kinds: GroundNumbers, drawn: Any, beside: Any = None) -> Any:
    """(B, 3, h, w) L, a and b, where kinds are mixed as drawn, (B, 6, h, w)."""
    found = mix(drawn, kinds.colours)
    return found if beside is None else found + mixed(drawn, beside[:, COLOURS])


def ground_moments(kinds: GroundNumbers, chance: Any, beside: Any = None) -> Any:
    """(B, 4, h, w) means of a and b, then of their squares, where kinds have these chances, (B, 6, h, w)."""
    found = mix(chance, kinds.moments)
    return found if beside is None else found + mixed(chance, beside[:, MOMENTS])


def expected_error(moments: Any, ab: Any, off: Any) -> Any:
    """(B, 1, h, w) expected absolute error of the a and b that are drawn, from `ground_moments` there; times off."""
    xp = namespace(ab)
    variance = xp.clip(moments[:, 2:] - moments[:, :2] * ab * 2.0 + ab * ab, 0.0, None)  # around what is drawn
    return mean(xp.sqrt(variance)) * (off * MEAN_ABSOLUTE)


def most_likely(chance: Any) -> Any:
    """(B, 2, h, w) the number of the most likely kind of ground, from 1, and its probability."""
    best, number = greatest(chance)
    return join([number + 1.0, best])
