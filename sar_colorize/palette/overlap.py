"""The colours of a place fitted where radar and reference show the same ground: once for a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..raster import Bool, Float32, Window
from ..scene import Scene
from .fit import Examples
from .from_picture import reference_on
from .palette import Palette

if TYPE_CHECKING:
    from ..models.placed import Placed

MOST_ALONG = 8
SIDE_PX = 256
"""The fit is made from windows of this side, at most so many along each side of the scene, spread evenly."""


def with_fit(
    palette: Palette, scene: Scene, path: str, placed: Placed, lightness: Callable[[Window], tuple[Float32, Bool]]
) -> Palette:
    """The palette with its colours fitted to what a network sees, and a note that says from how much and to what gain.

    Args:
        palette: of a reference that overlaps the scene. path: the reference.
        placed: the network with this palette, on the CPU in float32.
        lightness: L (C, H, W) of the scene's bands in a window, and where it is valid.
    """
    from ..models.placed import learn

    found = Examples()
    for part in spread_windows(scene.grid.height, scene.grid.width):
        seen, valid = lightness(part)
        if not valid.any():
            continue
        lab, ground = reference_on(path, scene.grid.crop(part))
        if (valid & ground).any():
            learn(found, placed, seen, lab, valid & ground)
    fit = found.fit()
    if fit is None:
        return palette
    note = (
        f"{palette.note} Colours fitted at {fit.samples} places that both show; on parts left out they are wrong by "
        f"{fit.error:.1f} Lab units, the mean colour by {fit.flat_error:.1f}."
    )
    return replace(palette, fit=fit, note=note)


def spread_windows(height: int, width: int) -> list[Window]:
    """Windows of SIDE_PX, or of the whole side where that is less, that do not overlap."""
    starts, sides = [], []
    for length in (height, width):
        count, side = min(MOST_ALONG, max(1, length // SIDE_PX)), min(SIDE_PX, length)
        starts.append([(2 * i + 1) * length // (2 * count) - side // 2 for i in range(count)])
        sides.append(side)
    return [Window(row, col, *sides) for row in starts[0] for col in starts[1]]
