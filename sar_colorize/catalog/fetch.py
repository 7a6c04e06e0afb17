"""A source and a scene to one local file: planned without a request, taken from the cache, or drawn and kept there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import NetworkError, SettingError
from ..raster import Grid
from ..scene.date import Date
from . import cache
from .client import Client
from .content import content_of, wanted_day
from .plan import Plan
from .sources import LICENCE, Source
from .warp import Codes

Tick = Callable[[int, int], None]
"""Called with (done, total) tiles a few times a second; may raise, which ends the fetching."""
_SLACK_BYTES = 64 << 20
_TIMES = 6
_VERSION = 1
"""Of what is drawn: another number makes files in the cache those of nobody."""
_BANDS = ("red", "green", "blue")
_log = logging.getLogger("sar_colorize")


@dataclass(frozen=True)
class Fetched:
    """A mosaic of the place, on this machine."""

    path: str
    """A Cloud Optimized GeoTIFF in the cache: bands red, green, blue, uint16 reflectance x 10000, 0 where unknown."""
    source: str
    """As the user named it."""
    title: str
    """As its makers call it."""
    items: tuple[str, ...]
    """Names of the tiles in it."""
    date: str | None
    """YYYY-MM-DD where its values are of about one day."""
    period: str
    """What its values are of, in words."""
    share: float
    """Of the scene's rectangle, 0 to 1, that it shows."""
    resolution_m: float
    """Its pixel."""
    licence: str
    credit: str
    """What the licence asks to be shown."""
    host: str
    """The server."""
    megabytes: float
    """That came from the server when it was fetched."""
    requests: int
    """That were sent to it then."""
    from_cache: bool = False
    """Whether it was on this machine already."""
    why: str = ""
    """In words, where it is coarser than usual."""

    @property
    def note(self) -> str:
        """For the user: what was fetched, from where, how much."""
        came = "from the cache, first" if self.from_cache else f"{self.megabytes:.1f} MB"
        more = f", {self.why}" if self.why else ""
        count = f"{len(self.items)} tile{'s' if len(self.items) > 1 else ''}"
        return (
            f"Reference {self.source}: {self.title} of {self.period}, {count}, {came} from "
            f"{self.host}, at {self.resolution_m:g} m{more}, over {self.share:.0%} of the scene. {self.credit}, "
            f"{self.licence}."
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def fetch(plan: Plan, date: Date | None = None, *, offline: bool = False, on_tick: Tick | None = None) -> Fetched:
    """The mosaic of a plan as a local file: from the cache, or drawn from the source and kept there.

    Args:
        date: of the scene; a source with seasons gives that nearest to it.
        offline: whether only the cache is looked at.

    Raises:
        NetworkError: the source fails or shows nothing of the scene. SettingError: offline, and it is not in the cache.
        OutputError: the cache cannot be written.
    """
    tick = on_tick or _nothing
    day = wanted_day(plan, date)
    source = plan.wanted.source
    parts = {
        "version": _VERSION, "source": source.name, "address": source.address, "year": plan.wanted.year,
        "day": str(day), "days": plan.wanted.days, "collections": source.collections, "crs": plan.grid.crs_wkt,
        "grid": [*tuple(plan.grid.transform or ())[:6], plan.grid.height, plan.grid.width],
        "scene": [round(float(v), 6) for part in (plan.extent.xs, plan.extent.ys) for v in part[::64, ::64].ravel()],
    }  # fmt: skip
    key = cache.key_of(parts)
    if (entry := cache.find(key)) is not None:
        return _described(plan, entry, from_cache=True)
    if offline:
        raise SettingError(
            f"{plan.what} must be in the cache to be used offline, got nothing for this scene; allow the network once, "
            "or give a file"
        )
    with cache.only_one(key, lambda: tick(0, 1)):
        if (entry := cache.find(key)) is not None:  # the process that was waited for has it
            return _described(plan, entry, from_cache=True)
        _log.info(
            "fetching: %s at %g m, about %.0f MB from %s", plan.what, plan.resolution, plan.megabytes, source.host
        )
        entry = _fetched(plan, day, key, tick)
    made = _described(plan, entry, from_cache=False)
    _log.info("fetched: %s, %.1f MB in %d requests from %s", made.source, made.megabytes, made.requests, made.host)
    return made


def _nothing(_done: int, _total: int) -> None:
    """What is called where nobody wants to know."""


def _described(plan: Plan, entry: cache.Entry, *, from_cache: bool) -> Fetched:
    """An entry of the cache as what was fetched."""
    facts = dict(entry.facts["fetched"])
    facts["items"] = tuple(facts["items"])
    named = {"source": plan.wanted.name, "why": plan.why, "path": str(entry.path), "from_cache": from_cache}
    return Fetched(**(facts | named))


def _fetched(plan: Plan, day: Date | None, key: str, tick: Tick) -> cache.Entry:
    """Draws the mosaic and keeps it.

    Raises:
        NetworkError: the source fails, or shows nothing of the scene.
    """
    source = plan.wanted.source
    client = Client(plan.what, int(plan.megabytes * 1e6 * _TIMES) + _SLACK_BYTES)
    found = content_of(plan, client, day, tick)
    inside = plan.extent.inside(plan.grid)
    share = float(np.asarray(found.values.any(0))[inside].sum() / max(1, inside.sum()))
    if share == 0.0:
        if found.refusal is not None and not found.items:
            raise found.refusal
        raise NetworkError(
            f"{plan.what} must show ground of the scene, got only sea or gaps in {found.asked} tiles that "
            f"{source.host} was asked for; choose another source, or give a file"
        )
    facts: dict[str, Any] = {
        "title": source.title, "items": list(found.items), "date": None if found.date is None else str(found.date),
        "period": found.period, "share": round(share, 4), "resolution_m": plan.resolution, "licence": LICENCE,
        "credit": source.credit.format(found.year), "host": found.host or source.host,
        "megabytes": round(client.bytes / 1e6, 3), "requests": client.requests,
    }  # fmt: skip
    tags = _tags(source, facts)
    name = f"{source.name}-{found.year if found.date is None else found.date}"
    return cache.store(key, name, partial(_write, found.values, plan.grid, tags), {"fetched": facts})


def _tags(source: Source, facts: dict[str, Any]) -> dict[str, str]:
    """What the file says of itself; `scene.date` and `reference.offset` read two of them."""
    found = {
        "SOURCE": f"{source.title} ({source.name}), {facts['period']}", "ITEMS": " ".join(facts["items"]),
        "LICENCE": facts["licence"], "CREDIT": facts["credit"], "PROCESSING_BASELINE": source.baseline,
    }  # fmt: skip
    return found if facts["date"] is None else found | {"ACQUISITION_DATE": facts["date"]}


def _write(values: Codes, grid: Grid, tags: dict[str, str], path: Path) -> None:
    """A Cloud Optimized GeoTIFF at a path.

    Raises:
        OutputError: it cannot be written.
    """
    import rasterio
    import rasterio.shutil
    from rasterio.io import MemoryFile

    from ..cog.messages import gdal_errors

    with gdal_errors(path), rasterio.Env(GDAL_PAM_ENABLED=False), MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=grid.height, width=grid.width, count=3, dtype="uint16", crs=grid.crs_wkt,
            transform=grid.transform, nodata=0, tiled=True, blockxsize=512, blockysize=512, interleave="pixel",
        ) as dataset:  # fmt: skip
            dataset.write(values)
            dataset.descriptions = _BANDS
            dataset.update_tags(**tags)
        rasterio.shutil.copy(
            memory.name, path, driver="COG", COMPRESS="DEFLATE", PREDICTOR="YES", OVERVIEW_RESAMPLING="AVERAGE"
        )
