"""The colours of a place fitted where radar and reference show the same ground: once for a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .fitting import Examples, quartered
from .palette import Palette
from .place import reference_on
from .raster import Bool, Float32, Window
from .scene import Scene
from .scene.base import sample_windows

if TYPE_CHECKING:
    from .models.by_place import Placed

MOST_WINDOWS = 32
MOST_PX = 256
"""The fit is made from at most so many windows of at most this side, spread evenly over the scene."""


def with_fit(
    palette: Palette, scene: Scene, path: str, placed: Placed, lightness: Callable[[Window], tuple[Float32, Bool]]
) -> Palette:
    """The palette with its colours fitted to what a network sees, and a note that says from how much and to what gain.

    Args:
        palette: of a reference that overlaps the scene. path: the reference.
        placed: the network with this palette, on the CPU in float32.
        lightness: L (C, H, W) of the scene's bands in a window, and where it is valid.
    """
    from .models.by_place import features_in

    found = Examples()
    windows = list(sample_windows(scene.grid, scene.block_shape))
    for window in windows[:: -(-len(windows) // MOST_WINDOWS)]:
        part = Window(window.row, window.col, min(MOST_PX, window.height), min(MOST_PX, window.width))
        seen, valid = lightness(part)
        lab, ground = reference_on(path, scene.grid.crop(part))
        if (valid & ground).any():
            found.add(features_in(placed, seen), *quartered(lab, valid & ground))
    fit = found.fit()
    if fit is None:
        return palette
    note = (
        f"{palette.note} Colours fitted at {fit.samples} places that both show; on parts left out they are wrong by "
        f"{fit.error:.1f} Lab units, the mean colour by {fit.flat_error:.1f}."
    )
    return replace(palette, fit=fit, note=note)
