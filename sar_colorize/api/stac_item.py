"""The STAC item of a run: its files as assets, and when the scene was taken."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Sequence

from ..cog import Asset, CogWriter, Moments, Quicklook, StacItem, check_stac, item_path
from ..colorizer import ERROR, KINDS, MEMORY
from ..errors import SettingError
from ..place import date_of
from ..scene import Scene
from ..scene.date import Date

KEYS = {ERROR: "uncertainty", MEMORY[0]: "memory", KINDS[0]: "classes"}
"""Of the files beside a picture, by their first band."""


def taken_of(stac: bool, scene: Scene, date: str | None = None) -> Moments | None:
    """When a scene was taken, for its item: the product's own time, else its day or month; None without `stac`.

    Args:
        stac: whether an item is wanted. date: what the user says; None to have it found.

    Raises:
        SettingError: it is not known, or the scene is not known to lie on Earth.
        MissingPackageError: pystac is not installed.
    """
    if not stac:
        return None
    check_stac(scene.grid)
    if date is None and (own := _moments(scene.about.get("time", ""))):
        return own
    found = date_of(scene, date)
    if found is None:
        raise SettingError(
            f"stac must have the date of the scene, got none in the tags and the name of {scene.source}; put it into "
            "the name, such as scene_2026-03-02.tif"
        )
    return _days(found)


def item_of(
    key: str, writers: Sequence[CogWriter], quicklook: Quicklook | None, taken: Moments | None
) -> StacItem | None:
    """The item beside the first of `writers`, which is called `key`; None where no moment is given."""
    if taken is None:
        return None
    first = writers[0]
    assets = []
    for number, writer in enumerate(writers):
        name = key if number == 0 else KEYS[writer.bands[0]]
        roles = ("data",) if number == 0 else ("metadata",)
        assets.append(Asset(name, writer.path, roles, name, writer.bands, writer.dtype, writer.units or ()))
    if quicklook is not None:
        assets.append(Asset("thumbnail", quicklook.path, ("thumbnail",), "small picture"))
    return StacItem(item_path(first.path), assets, first.grid, taken, first.tags, overwrite=first.overwrite)


def _moments(text: str) -> Moments | None:
    """What a product says of its time: a moment, or two with "to" between them; None of a day alone."""
    parts = [part.strip() for part in text.removesuffix("UTC").split(" to ")]
    try:
        moments = [datetime.datetime.fromisoformat(part) for part in parts if len(part) > len("2026-03-02")]
    except ValueError:
        return None
    if not moments or len(moments) != len(parts):
        return None
    aware = [each.astimezone(datetime.UTC) if each.tzinfo else each.replace(tzinfo=datetime.UTC) for each in moments]
    return min(aware), max(aware)


def _days(date: Date) -> Moments:
    """The first and the last second of a day or a month."""
    last = date.day or calendar.monthrange(date.year, date.month)[1]
    first = datetime.datetime(date.year, date.month, date.day or 1, tzinfo=datetime.UTC)
    return first, datetime.datetime(date.year, date.month, last, 23, 59, 59, tzinfo=datetime.UTC)
