"""The palettes that models are given in a comparison, one for each pair, never from the pair itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...backscatter import DB_RANGES
from ...errors import DataError
from ...pairs.find import Pair
from ...pairs.lightness import radar_db, radar_raster
from ...pairs.palette import moments_of, occasion, palette_of_others
from ...palette.choose import choose_palette
from ...palette.from_radar import RadarGround
from ...palette.moments import Moments
from ...palette.palette import UNKNOWN_PALETTE, Palette
from ...position import middle_of
from ...raster import Grid
from .patch import Patch

Palettes = Callable[[Pair], Palette]


def second_half(pairs: Sequence[Pair]) -> list[Pair]:
    """The second half of the pairs of each site and date, by key; the middle one of an odd number is in it."""
    first = {(pair.site, pair.key, pair.split) for pair in _first_half(pairs)}
    return [pair for pair in pairs if (pair.site, pair.key, pair.split) not in first]


def palettes_for(pairs: Sequence[Pair], palette: str, half: str) -> Palettes:
    """The palette of each pair.

    Args:
        pairs: all of the split.
        palette: "site", of other pairs of the same site and date; "auto", to be expected where the pair lies;
            "none".
        half: "second" takes "site" from the first half of the pairs alone, "all" from all but the pair itself.
    """
    if palette == "none":
        return lambda _pair: UNKNOWN_PALETTE
    if palette == "auto":
        return lambda pair: choose_palette("auto", _grid_of(pair))
    if half == "second":
        firsts: dict[tuple[str, str], list[Moments]] = {}
        for pair in _first_half(pairs):
            firsts.setdefault(occasion(pair), []).append(_moments(pair))
        known = {place: Moments.total(parts).palette() for place, parts in firsts.items()}
        return lambda pair: known.get(occasion(pair)) or UNKNOWN_PALETTE
    moments = [_moments(pair) for pair in pairs]
    return lambda pair: palette_of_others(pair, pairs, moments)


def with_ground(patch: Patch, filter: str) -> Palette:
    """The palette of a patch, guessed or of no known place, with the kinds of ground that its radar is taken for.

    As `colorize` finds them; one that was measured or not wanted, or of the lightness of pictures, stays as it is.
    """
    palette = patch.palette
    if palette.source != "auto" or patch.input != "sar":
        return palette
    absolute, polarization = _is_tiff(patch.pair), patch.pair.polarization
    found = RadarGround((polarization,), None, absolute, stretched=not absolute)
    db = radar_db(radar_raster(patch.code, polarization), filter)
    found.add(db, np.ones(patch.code.shape, bool), middle_of(_grid_of(patch.pair)))
    return found.palette(palette, DB_RANGES)


def first_half_of(pairs: Sequence[Pair]) -> Callable[[Pair], list[Pair]]:
    """For a pair, those of its site and date that stand in the first half of `pairs`."""
    firsts: dict[tuple[str, str], list[Pair]] = {}
    for pair in _first_half(pairs):
        firsts.setdefault(occasion(pair), []).append(pair)
    return lambda pair: firsts.get(occasion(pair), [])


def _moments(pair: Pair) -> Moments:
    """The colours of a pair; no colours where it cannot be read: the comparison names it."""
    try:
        return moments_of(pair)
    except DataError:
        return Moments.total([])


def _first_half(pairs: Sequence[Pair]) -> list[Pair]:
    together: dict[tuple[str, str], list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: pair.key):
        together.setdefault(occasion(pair), []).append(pair)
    return [pair for found in together.values() for pair in found[: len(found) // 2]]


def _grid_of(pair: Pair) -> Grid:
    """The grid of a GeoTIFF; one without a CRS for any other picture."""
    if not _is_tiff(pair):
        return Grid(1, 1)
    from ...scene import open_scene

    return open_scene(pair.s1).grid


def _is_tiff(pair: Pair) -> bool:
    return pair.s1.suffix.lower() in (".tif", ".tiff")
