"""The colours of a place by backscatter, where radar and reference show the same ground: once for a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .palette import Backscatter, Palette
from .place import reference_on
from .raster import Bool, Float32, Window
from .scene import Scene
from .scene.base import sample_windows

MOST_WINDOWS = 24
MOST_PX = 256
"""The table is learned from at most so many windows of at most this side, spread evenly over the scene."""


def with_backscatter(
    palette: Palette, scene: Scene, path: str, lightness: Callable[[Window], tuple[Float32, Bool]]
) -> Palette:
    """The palette with the colours that its reference shows at each backscatter, and a note that says from how much.

    Args:
        palette: of a reference that overlaps the scene. path: the reference.
        lightness: L (C, H, W) of the scene's bands in a window, and where it is valid.
    """
    from .models.by_place import bands_of

    found, channels = Backscatter(), bands_of(scene.bands)
    windows = list(sample_windows(scene.grid, scene.block_shape))
    for window in windows[:: -(-len(windows) // MOST_WINDOWS)]:
        part = Window(window.row, window.col, min(MOST_PX, window.height), min(MOST_PX, window.width))
        seen, valid = lightness(part)
        lab, ground = reference_on(path, scene.grid.crop(part))
        found.add(seen, channels, lab, valid & ground)
    table = found.table(palette.mean)
    if table is None:
        return palette
    note = f"{palette.note} Colours by backscatter from {found.counts.sum():.0f} pixels that both show."
    return replace(palette, table=table, note=note)
