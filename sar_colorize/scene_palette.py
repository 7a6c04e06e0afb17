"""The palette of a scene's ground: fitted where a picture shows it, expected at the place without one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

from .colorizer import RadarLightness
from .models import registry
from .models.painter import PalettePainter
from .palette.choose import SOURCES, choose_palette
from .palette.fit import MOST_ALONG, SIDE_PX, Examples, learn
from .palette.from_picture import read_palette
from .palette.from_radar import RadarGround
from .palette.lattice import nodes_of
from .palette.palette import GUESSED, UNKNOWN, Palette
from .place import Remembering, date_of, seen_in, spread_over
from .position import middle_of
from .raster import Bool, Float32, Unit, Window
from .reference.picture import reference_on
from .scene import Scene
from .tiles import blocks

Shown = tuple[Float32, Float32, Bool]
"""Of a window: the radar's lightness (C, H, W), CIE Lab (3, H, W) of a picture, and where both show ground (H, W)."""
MOST_FITTED = 24
"""Windows that colours are fitted to; the memory of a place takes more."""
_log = logging.getLogger("sar_colorize")
T = TypeVar("T")


class Wish(NamedTuple):
    """The palette that a user asked for."""

    name: str
    """As it was asked for."""
    picture: str
    """The path of its picture, "auto" or "none"."""


def find_palette(
    scene: Scene,
    wish: Wish,
    model: str,
    radar: RadarLightness,
    memory: Remembering | None,
    date: str | None,
) -> Palette:
    """The palette of the scene's ground; where a picture overlaps the scene, with its colours fitted to the radar.

    Without a picture, it has the kinds of ground that the radar is taken for at the place.

    Args:
        wish: "auto", "none" or a picture. model: a name or a path of weights.
        memory: its reference is the palette where "auto" is wanted; one that is not believed only where its colours
            explain the radar. None without one.
        date: of the scene, as the user gave it; None reads it from tags and name.
    """
    wanted, shown = wish.picture, cast(Iterable[Shown], ())
    taken = date_of(scene, date)
    month = None if taken is None else taken.month
    if memory is not None and wanted == "auto":
        picture = memory.recall.ground.reference.picture
        palette = replace(read_palette(picture.source, scene.grid, "reference"), overlaps=True)
        shown = ((each.lightness, each.ground.reference, each.ground.seen & each.ground.valid)
                 for each in _few(memory.windows.all))  # fmt: skip
    else:
        palette = choose_palette(wanted, scene.grid, month)
        palette = palette if wanted in (wish.name, *SOURCES) else replace(palette, source=wish.name)
        shown = _shown(wanted, scene, radar)
    if palette.overlaps:
        painter = cast(PalettePainter, registry.load_painter(model, scene.bands, palette))
        palette = _fitted(palette, painter, shown)
        if palette.fit is None and memory is not None and wanted == "auto" and not memory.is_believed:
            palette = choose_palette(wanted, scene.grid, month)
    if palette.trust == GUESSED or (palette.trust == UNKNOWN and wanted == "auto"):
        palette = _expected(palette, scene, radar, month)
    _log.info("palette: %s, mean L a b %s", palette.source, " ".join(f"{value:.1f}" for value in palette.mean))
    return palette


def _shown(path: str, scene: Scene, radar: RadarLightness) -> Iterator[Shown]:
    """What radar and a picture show in windows spread over the scene."""

    def look(part: Window) -> Shown | None:
        lightness, _, valid = radar.convert(radar.read(scene, part), part)
        if not valid.any():
            return None
        lab, ground = reference_on(path, scene.grid.crop(part))
        return lightness, lab, valid & ground

    found = seen_in(_few(list(spread_over(scene.grid.window))), look, radar, scene)
    return (each for each in found if each is not None)


def _expected(palette: Palette, scene: Scene, radar: RadarLightness, month: int | None) -> Palette:
    """The palette expected at the place, or on land anywhere, with the kinds of ground that the radar is taken for."""
    is_picture = scene.unit is Unit.DISPLAY
    found = RadarGround(scene.bands, month, scene.declaration.absolute and not is_picture, stretched=is_picture)
    whole = scene.grid.window
    small = max(whole.shape) <= MOST_ALONG * SIDE_PX  # then all of it: the shares are those of the picture

    def read(part: Window) -> tuple[Window, Float32, Bool]:
        _, db, valid = radar.convert(radar.read(scene, part), part)
        return part, db, valid

    parts = blocks(whole, SIDE_PX) if small else spread_over(whole)
    for part, db, valid in seen_in(parts, read, radar, scene):
        place = middle_of(scene.grid.crop(part))
        if valid.any() and (place is not None or palette.trust == UNKNOWN):
            found.add(db + radar.offset_db, valid, place)
    return found.palette(palette, radar.ranges, nodes_of(scene.grid))


def _few(windows: list[T]) -> list[T]:
    """Every other of many windows: colours that are fitted to more are no better, and looking at them takes longer."""
    return windows[::2] if len(windows) > MOST_FITTED else windows


def _fitted(palette: Palette, painter: PalettePainter, shown: Iterable[Shown]) -> Palette:
    """The palette with its colours fitted where radar and picture show the same ground; a note says the gain."""
    found = Examples()
    for lightness, lab, both in shown:
        if both.any():
            learn(found, painter, lightness, lab, both)
    fit = found.fit()
    if fit is None:
        return palette
    note = (
        f"{palette.note} Colours fitted at {fit.samples} places that both show; on parts left out the error is "
        f"{fit.error:.1f} Lab units, that of the mean colour {fit.flat_error:.1f}."
    )
    return replace(palette, fit=fit, note=note)
