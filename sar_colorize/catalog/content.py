"""What a source shows of a plan's grid: tiles of a mosaic, or the clear ground of several days."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import NetworkError, SettingError
from ..raster import Grid, Window
from ..scene.date import Date
from .catalogues import Catalogue, catalogues, token_of, with_token
from .clear import TileDates, best_first, draw_clear
from .client import Client
from .dates import nearest_date
from .mosaic import Tile, draw
from .plan import Plan, cells_of
from .sources import SENTINEL_2, WORLDCOVER, Source, worldcover_file
from .stac import Acquisition, search
from .warp import Codes

_WINTER = (11, 12, 1, 2, 3)
_SUMMER = (5, 6, 7, 8, 9)


@dataclass(frozen=True)
class Content:
    """Red, green and blue on a grid, and where they come from."""

    values: Codes
    """(3, H, W) reflectance x 10000; 0 where nothing is known."""
    items: tuple[str, ...]
    """Names of the tiles or scenes in it."""
    date: datetime.date | None
    """About when; None of a whole year."""
    year: str
    """For the credit."""
    period: str
    """In words."""
    asked: int
    """How many tiles were asked for."""
    refusal: NetworkError | None = None
    """What a server said of one, where it was not that there is none."""
    host: str = ""
    """The server, where that is not the source's own."""


def wanted_day(plan: Plan, date: Date | None) -> Date | None:
    """The day that a source should be of; where it has seasons and no years, the year is of no matter.

    Args:
        date: of the scene.

    Raises:
        SettingError: acquisitions of no date are asked for.
    """
    wanted = plan.wanted
    if wanted.source is WORLDCOVER:
        return None
    if wanted.source.collections:
        day = wanted.date or date
        if day is None:
            raise SettingError(
                f"{plan.what} must come with a date, got a scene that says none; give its date, or one with the source"
            )
        return Date(day.year, day.month, day.day or 15)
    if wanted.month is not None:
        return Date(2020, wanted.month, 15)
    if date is not None:
        return Date(2020, date.month, min(date.day or 15, 28))
    return Date(2020, 7 if plan.extent.latitude >= 0 else 1, 15)  # summer, when least is under snow


def content_of(plan: Plan, client: Client, day: Date | None, on_tick: Callable[[int, int], None]) -> Content:
    """What a source shows.

    Args:
        day: see `wanted_day`. on_tick: see `threads.in_threads`.

    Raises:
        NetworkError: one sentence.
    """
    source = plan.wanted.source
    if source is WORLDCOVER:
        year = plan.wanted.year or source.years[0]
        tiles = [_worldcover_tile(source, year, cell[0], cell[1], window) for cell, window in cells_of(plan).items()]
        drawn = draw(client, tiles, plan.grid, on_tick)
        period = f"{year}, median of the year"
        return Content(drawn.values, drawn.tiles, None, str(year), period, len(tiles), drawn.refusal)
    assert day is not None
    if source.collections:
        return _of_acquisitions(plan, client, datetime.date(day.year, day.month, day.day or 15), on_tick)
    taken = nearest_date(client, source, day)
    folder = f"{source.address}/{taken.year}/{taken.month}/{taken.day}"
    tiles = [
        Tile(zone, tuple(f"{folder}/{zone}/{band}.tif" for band in ("B04", "B03", "B02")), window)
        for zone, window in cells_of(plan).items()
    ]
    drawn = draw(client, tiles, plan.grid, on_tick)
    begun = datetime.date(taken.year, taken.month, taken.day or 1)
    period = f"ten days from {begun} on"
    return Content(drawn.values, drawn.tiles, begun, str(begun.year), period, len(tiles), drawn.refusal)


def _worldcover_tile(source: Source, year: int, south: int, west: int, window: Window) -> Tile:
    name, url = worldcover_file(source.address, year, south, west)
    return Tile(name, (url,), window, (west, south, west + 1, south + 1))


def _of_acquisitions(plan: Plan, client: Client, day: datetime.date, on_tick: Callable[[int, int], None]) -> Content:
    """The clear ground of the days around one."""
    around = datetime.timedelta(days=plan.wanted.days)
    found, host = _first_that_has(plan, client, day - around, day + around)
    by_tile: dict[str, list[Acquisition]] = {}
    for acquisition in found:
        by_tile.setdefault(acquisition.tile, []).append(acquisition)
    tiles = []
    for name, dates in sorted(by_tile.items()):
        window = _window_of(dates[0].box, plan.grid)
        if not window.is_empty:
            tiles.append(TileDates(name, best_first(dates, day), window))
    cold = _WINTER if plan.extent.latitude >= 0 else _SUMMER
    drawn = draw_clear(client, tiles, plan.grid, day.month in cold, on_tick)
    if not drawn.used:
        raise NetworkError(
            f"{client.what} must show clear ground, got clouds or gaps in all {len(found)} scenes from {day - around} "
            f"to {day + around}; widen the time, or choose another source"
        )
    dates_used = sorted(acquisition.date for acquisition in drawn.used)
    first, last = dates_used[0], dates_used[-1]
    offset = f", offset -1000 found in {drawn.offsets} of them" if drawn.offsets else ""
    count = f"{len(drawn.used)} scene{'s' if len(drawn.used) > 1 else ''}"
    period = f"median of the clear pixels of {count}, {first} to {last}{offset}"
    year = str(first.year) if first.year == last.year else f"{first.year}-{last.year}"
    names = tuple(sorted(acquisition.name for acquisition in drawn.used))
    return Content(drawn.values, names, dates_used[len(dates_used) // 2], year, period, len(tiles), host=host)


def _first_that_has(
    plan: Plan, client: Client, first: datetime.date, last: datetime.date
) -> tuple[list[Acquisition], str]:
    """Acquisitions of the first catalogue that answers and has any, their tokens in their addresses; and its server.

    Raises:
        NetworkError: none has; what the first of them said.
    """
    source = plan.wanted.source
    places = catalogues(source.name) if source is SENTINEL_2 else (Catalogue(source.address, source.collections),)
    refusal: NetworkError | None = None
    for place in places:
        try:
            found = search(client, place.address, place.collections, plan.extent, first, last)
            token = token_of(client, place.address, place.collections[-1])
        except NetworkError as error:
            client.check()  # a run that was stopped asks no other
            refusal = refusal or error
            continue
        return [replace(each, urls=with_token(each.urls, token)) for each in found], place.host
    assert refusal is not None  # there is a catalogue
    raise refusal


def _window_of(box: tuple[float, float, float, float], grid: Grid) -> Window:
    """The window of a grid that a box of degrees may fill; the whole grid where that is not known."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    assert grid.transform is not None
    west, south, east, north = box
    if west >= east or south >= north or east - west > 20.0:
        return grid.window
    try:
        left, bottom, right, top = transform_bounds("EPSG:4326", grid.crs_wkt, west, south, east, north)
        first: Any = ~grid.transform @ (left, top)
        last: Any = ~grid.transform @ (right, bottom)
        col, row = int(first[0]) - 2, int(first[1]) - 2
        return Window(row, col, int(last[1]) + 3 - row, int(last[0]) + 3 - col).intersect(grid.window)
    except (RasterioError, CPLE_BaseError, OverflowError, ValueError):
        return grid.window
