"""The reference whose picture of a scene's place is remembered, settled once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from .colorizer import RadarLightness
from .cores import made_ahead
from .errors import SettingError
from .ground import GroundReader, Recall, radar_before
from .palette.fit import spread_windows
from .position import middle_of
from .raster import Float32, Unit, Window
from .reference.fit import Place, fit_memory
from .reference.memory import Ground
from .reference.picture import PICTURE_8, PICTURE_16, PictureSource, name_of, open_picture
from .reference.warp import warp
from .scene import Scene
from .scene.date import Date, find_date, parse_date
from .scene.gdal import readable_by_gdal

PREDICTED = "The colours are predicted from radar backscatter, not measured."
Seen = TypeVar("Seen")
_log = logging.getLogger("sar_colorize")
_PICTURE_OF = {
    "both": "The picture is that of {0} where the radar agrees with it",
    "radar": "The colours are those of {0} where the radar agrees with it, over the radar's own brightness",
    "reference": "The picture is that of {0}, with what the radar shows as changed",
}


@dataclass(frozen=True)
class Reference:
    """What the user gave to remember the place by."""

    source: PictureSource
    """The picture."""
    radar: Scene | None = None
    """A radar scene of its date."""


@dataclass(frozen=True)
class Remembering:
    """A reference in one scene."""

    recall: Recall
    name: str
    """Of the reference, without credentials."""
    date: Date | None
    """Of the reference."""
    scene_date: Date | None
    windows: SharedWindows
    """What radar and reference show, read once for all that is fitted to it."""

    @property
    def is_believed(self) -> bool:
        """Whether anything is remembered of it."""
        return self.recall.memory.trust > 0.0

    @property
    def words(self) -> str:
        """The reference, for the user."""
        short = Path(self.name).name or self.name
        return short if self.date is None else f"{short} of {self.date}"

    @property
    def notes(self) -> Iterator[str]:
        """What a user should know of it."""
        reader, whole = self.recall.ground.reference, self.recall.ground.reference.alignment.target
        share = reader.overlap.height * reader.overlap.width / (whole.height * whole.width)
        yield f"Reference {self.words}: {reader.picture.words}, over {share:.0%} of the scene."
        if self.recall.memory.note:
            yield self.recall.memory.note

    @property
    def notice(self) -> str:
        """What the picture is, in one sentence."""
        if not self.is_believed:
            return PREDICTED
        return _PICTURE_OF[self.recall.memory.structure].format(self.words) + (
            ", and predicted from radar backscatter, not measured, elsewhere."
        )

    @property
    def facts(self) -> dict[str, str | None]:
        """What a result says of it."""
        taken = None if self.date is None else str(self.date)
        return {"reference": self.name, "reference_date": taken, "structure": self.recall.memory.structure}

    @property
    def tags(self) -> dict[str, str]:
        """What the output says of it."""
        found = {
            "SAR_COLORIZE_NOTICE": self.notice,
            "SAR_COLORIZE_REFERENCE": self.name,
            "SAR_COLORIZE_REFERENCE_KIND": self.recall.ground.reference.picture.words,
            "SAR_COLORIZE_REFERENCE_DATE": str(self.date or "unknown"),
            "SAR_COLORIZE_STRUCTURE": self.recall.memory.structure,
        }
        if self.recall.ground.before is not None:
            found["SAR_COLORIZE_REFERENCE_RADAR"] = self.recall.ground.before.scene.source
        if self.scene_date is not None:
            found["SAR_COLORIZE_DATE"] = str(self.scene_date)
        if self.recall.memory.note:
            found["SAR_COLORIZE_MEMORY_NOTE"] = self.recall.memory.note
        return found


def remember(
    reference: Reference,
    scene: Scene,
    radar: RadarLightness,
    structure: str,
    dates: tuple[str | None, str | None],
    before_offset_db: float,
) -> Remembering:
    """The reference of a scene, and what holds for its memory, fitted once.

    Args:
        scene: with the bands in use. structure: see `reference.memory`.
        dates: of scene and reference, as the user gave them; None reads them from tags and names.
        before_offset_db: shift of the reference's radar.

    Raises:
        SettingError: it cannot be read, lies elsewhere, or shows no ground of the scene.
    """
    shown = warp(reference.source, scene.grid)
    before = None
    if reference.radar is not None:
        before = radar_before(reference.radar, scene, radar.filter, radar.ranges, before_offset_db)
    ground = GroundReader(shown, before, radar.offset_db)
    scene_date = date_of(scene, dates[0])
    taken = parse_date(dates[1], "reference_date") if dates[1] is not None else _date_of_picture(reference.source)
    if taken is None and reference.radar is not None:
        taken = date_of(reference.radar, None)
    windows = SharedWindows(scene, radar, ground)
    months = (None if taken is None else taken.month, None if scene_date is None else scene_date.month)
    absolute = scene.declaration.absolute and scene.unit is not Unit.DISPLAY  # an 8-bit picture has no level
    is_picture = shown.picture.kind in (PICTURE_8, PICTURE_16)
    known = Place(months, middle_of(scene.grid), absolute, is_picture, 1.0 / shown.alignment.finer)
    memory = fit_memory((each.ground for each in windows.all), scene.bands, structure, known)
    if not windows.all:
        raise SettingError(
            f"reference must show ground of the scene, got only nodata, black or white cloud over it in {shown.name}; "
            "choose another picture"
        )
    made = Remembering(Recall(ground, memory), shown.name, taken, scene_date, windows)
    _log.info("reference: %s, %s, structure %s", made.words, shown.picture.words, structure)
    return made


@dataclass(frozen=True)
class SharedWindow:
    """What radar and reference show of one window."""

    lightness: Float32
    """(C, H, W) 0..100 of the radar."""
    ground: Ground


class SharedWindows:
    """Windows spread over the overlap of radar and reference; 64 at most, 140 MB of two bands."""

    def __init__(self, scene: Scene, radar: RadarLightness, ground: GroundReader) -> None:
        self._scene, self._radar, self._ground = scene, radar, ground

    @cached_property
    def all(self) -> list[SharedWindow]:
        """Those in which both show ground."""
        before = self._ground.before
        read = [self._scene] if before is None else [self._scene, before.scene]
        found = seen_in(spread_over(self._ground.reference.overlap), self._read, self._radar, *read)
        return [each for each in found if each is not None]

    def _read(self, part: Window) -> SharedWindow | None:
        lightness, db, valid = self._radar.convert(self._radar.read(self._scene, part), part)
        if not valid.any():
            return None
        ground = self._ground.read(part, db, valid)
        return SharedWindow(lightness, ground) if (ground.seen & valid).any() else None


def seen_in(
    parts: Iterable[Window], look: Callable[[Window], Seen], radar: RadarLightness, *scenes: Scene
) -> Iterator[Seen]:
    """What `look` finds in windows of scenes, in threads where they gain by that."""

    def stop() -> None:
        for scene in scenes:
            scene.stop()

    return made_ahead(look, parts, None if radar.reads_in_threads(*scenes) else 1, stop)


def spread_over(within: Window) -> Iterator[Window]:
    """Windows spread over a part of a scene."""
    for part in spread_windows(within.height, within.width):
        yield Window(part.row + within.row, part.col + within.col, part.height, part.width)


def date_of(scene: Scene, given: str | None) -> Date | None:
    """When a scene was taken, as the user or the scene says.

    Raises:
        SettingError: what was given is no date.
    """
    if given is not None:
        return parse_date(given, "date")
    return find_date({"acquisition_time": scene.about.get("time", "")}, scene.source)


def _date_of_picture(source: PictureSource) -> Date | None:
    """When a picture was taken, as it says itself."""
    with readable_by_gdal(name_of(source), "reference", SettingError), open_picture(source) as dataset:
        return find_date(dataset.tags(), name_of(source))
