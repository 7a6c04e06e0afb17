"""What tells the kinds of ground of one scene from those of another, as one small array beside the radar.

The graph of a picture takes it as an input, so that one that is compiled serves every scene with as many bands.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..palette.likelihood import FREEDOM
from ..palette.palette import GroundKinds
from ..raster import Float32


class GroundNumbers(NamedTuple):
    """The numbers of `palette.GroundKinds` as a picture is composed of them: of numpy, or symbols of a graph.

    lightness: (K, C) L of the radar, of K kinds, all but snow, in C bands. precision: (K, C, C). logs: of each kind,
    logarithm of its share and of the height of its density. snow: its share of what is not water.
    colours: (3, K + 1) L, a and b, snow last. moments: (4, K + 1) means of a and b and of their squares.
    off: see `palette.world.Expectation`. shift: what is added to the radar's own L, so that the scene as a whole is as
    bright as its kinds of ground are. power: of the tails of the density, see `palette.likelihood`.
    """

    lightness: Any
    precision: Any
    logs: Any
    snow: Any
    colours: Any
    moments: Any
    off: Any
    shift: Any
    power: Any


def numbers_of(ground: GroundKinds) -> GroundNumbers:
    """Those of a scene."""
    kinds, channels = ground.kinds, len(ground.kinds[0].lightness)
    colours = [*(kind.colour for kind in kinds), ground.snow_colour]
    squares = [*(kind.square for kind in kinds), ground.snow_square]
    return GroundNumbers(
        lightness=np.array([kind.lightness for kind in kinds]),
        precision=np.array([kind.precision for kind in kinds]).reshape(-1, channels, channels),
        logs=[math.log(max(kind.share, 1e-6)) - 0.5 * kind.log_volume for kind in kinds],
        snow=ground.snow,
        colours=np.transpose(colours),
        moments=np.transpose([(*colour[1:], *square) for colour, square in zip(colours, squares, strict=True)]),
        off=ground.off,
        shift=_shift_of(ground),
        power=-0.5 * (FREEDOM + sum(value > 0.0 for value in kinds[0].precision[:: channels + 1])),  # bands that tell
    )


def packed(numbers: GroundNumbers) -> Float32:
    """(1, N) float32."""
    return np.concatenate([np.ravel(each) for each in numbers]).astype(np.float32)[None]


def unpacked(array: Any, kinds: int, channels: int) -> GroundNumbers:
    """The numbers of K kinds, all but snow, in C bands, from a symbol of what `packed` gives."""
    shapes: list[tuple[int, ...]] = [(kinds, channels), (kinds, channels, channels), (kinds,), ()]
    shapes += [(3, kinds + 1), (4, kinds + 1), (), (), ()]
    found, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        found.append(array.namespace.reshaped(array[0, start:stop], shape))
        start = stop
    return GroundNumbers(*found)


def _shift_of(ground: GroundKinds) -> float:
    seen = ground.seen or (*(kind.share for kind in ground.kinds), 0.0)
    bright = sum(share * kind.colour[0] for share, kind in zip(seen, ground.kinds, strict=False))
    dark = sum(share * kind.lightness[0] for share, kind in zip(seen, ground.kinds, strict=False))
    return (bright + seen[-1] * ground.snow_colour[0]) / sum(seen) - dark / max(sum(seen[:-1]), 1e-6)
