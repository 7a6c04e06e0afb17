"""One palette for a scene, from what the user asked for: a picture, the map, or nothing."""

from __future__ import annotations

from dataclasses import replace

from ..position import middle_of
from ..raster import Grid
from .from_picture import read_palette
from .palette import UNKNOWN_PALETTE, Palette
from .world import guess_palette

SOURCES = ("auto", "none")
"""What a palette may be besides the path of a picture."""


def choose_palette(wanted: str, grid: Grid, month: int | None = None) -> Palette:
    """The palette of the ground under a grid.

    Args:
        wanted: "auto", "none", or the path of any optical raster of the place or near it.
        grid: the scene's, or the part of it that is to be made.
        month: 1..12 of the scene, for what the map leads to expect; None for the whole year.

    Returns:
        A palette whose source and note say where it comes from. A scene without a georeference gets, for "auto",
        one of no known place, and the note says so.

    Raises:
        SettingError: the picture cannot be read, lies elsewhere, or shows no ground.
    """
    if wanted == "none":
        return replace(UNKNOWN_PALETTE, source="none")
    if wanted != "auto":
        return read_palette(wanted, grid)
    if grid.crs_wkt is None or grid.transform is None:
        return replace(
            UNKNOWN_PALETTE,
            source="auto",
            note="The scene has no georeference, so such ground is expected as there is on land anywhere.",
        )
    middle = middle_of(grid)
    if middle is None:
        return replace(
            UNKNOWN_PALETTE,
            source="auto",
            note="The scene's CRS gives no longitude and latitude here, so such ground is expected as there is on land "
            "anywhere.",
        )
    return guess_palette(*middle, month)
