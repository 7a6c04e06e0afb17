"""How the kinds of ground at each place of a large scene differ from their mean over it, as planes for a painter.

numbers of each node -> bilinear between them (`lattice`) -> less those of the mean; shares as logarithms
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..raster import Float32, Window
from .palette import GroundKinds

LOGS, SNOW, COLOURS, MOMENTS, _LIGHTNESS = slice(0, 5), slice(5, 6), slice(6, 24), slice(12, 36), 36
"""Planes: logarithms of the shares of all kinds but snow; snow's share; L, then a, then b of all six; from a on with
the mean squares of a and of b behind them; L of the radar, of all kinds but snow in each band."""


def numbers_of(ground: GroundKinds) -> tuple[float, ...]:
    """(P,) as the planes are, but shares themselves."""
    colours = [*(kind.colour for kind in ground.kinds), ground.snow_colour]
    squares = [*(kind.square for kind in ground.kinds), ground.snow_square]
    radar = [light for kind in ground.kinds for light in kind.lightness]
    shares = [kind.share for kind in ground.kinds]
    return (*shares, ground.snow, *np.transpose(colours).ravel(), *np.transpose(squares).ravel(), *radar)


def difference(ground: GroundKinds, tile: Window) -> Float32 | None:
    """(P, h, w) over a tile, in squares of `lattice.CELL_PX`; None where the kinds do not vary."""
    if ground.lattice is None:
        return None
    there, mean = ground.lattice.over(tile), np.array(numbers_of(ground))[:, None, None]
    there[LOGS], mean[LOGS] = (np.log(np.maximum(each[LOGS], 1e-6)) for each in (there, mean))
    planes: Float32 = (there - mean).astype(np.float32)
    return planes


def lightness_of(planes: Any, kind: int, channels: int) -> Any:
    """(B, C, h, w) of the radar, of one kind."""
    return planes[:, _LIGHTNESS + kind * channels : _LIGHTNESS + (kind + 1) * channels]
