"""One speckle filter from what the user asked for: its name, its window, the looks of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..errors import SettingError
from ..raster import Raster
from ..tiles import check_whole_number
from . import Filter, get_filter
from .base import LOOKS_TEXT, is_number_of_looks
from .values import looks_of_rasters

AUTO = "auto"


def check_looks(looks: float | str | None) -> None:
    """Refuses looks that are neither auto nor a number that a filter can be given.

    Raises:
        SettingError: another text than "auto", zero, a negative number, or one that is not finite.
    """
    if looks is None or looks == AUTO:
        return
    if isinstance(looks, str) or not is_number_of_looks(looks):
        raise SettingError(
            f"looks must be auto or a number {LOOKS_TEXT}, got {looks!r}; leave it out for the usual ones"
        )


def choose_filter(
    samples: Callable[[], Iterable[Raster]],
    name: str,
    size: int | None,
    looks: float | str | None,
    precision: str = AUTO,
    engine: str = AUTO,
) -> Filter:
    """The speckle filter of a scene, its looks estimated from samples of the scene where `looks` is "auto"."""
    check_looks(looks)
    chosen = make_filter(name, size, looks, precision, engine)
    return replace(chosen, looks=looks_of_rasters(samples())) if looks == AUTO else chosen


def make_filter(
    name: str, size: int | None, looks: float | str | None, precision: str = AUTO, engine: str = AUTO
) -> Filter:
    """The speckle filter of that name, with what verbs call size and looks; of "auto" looks, with its usual ones.

    Raises:
        SettingError: an unknown name, a value out of its range, or one that the filter has no use for.
    """
    check_whole_number("size", size)
    known = None if isinstance(looks, str) else looks
    chosen = get_filter(name, size_px=size, looks=known, precision=precision, engine=engine)
    if size is not None and chosen.name == "none":
        raise SettingError(f"size must be left out for the filter none, got {size}; choose a filter")
    if looks is not None and not chosen.uses_looks:
        raise SettingError(f"looks must be left out for the filter {chosen.name}, which uses none, got {looks}")
    return chosen


def looks_reason(chosen: Filter, looks: float | str | None) -> str:
    """Where the looks of a filter come from, in words; `looks` is what was asked for."""
    if looks == AUTO:
        return "estimated from the flattest ground of the scene"
    return chosen.default_looks_reason if looks is None else "given by the user"
