"""Acquisitions of Sentinel-2 over a place and a time, from any STAC API: filtered and freed of doubles here."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import NetworkError
from .client import Client
from .extent import Extent
from .search import boxes_of, items_of, web_address
from .web import host_of

_ASSETS = {
    "red": ("red", "B04", "B04_10m"),
    "green": ("green", "B03", "B03_10m"),
    "blue": ("blue", "B02", "B02_10m"),
    "scl": ("scl", "SCL", "SCL_20m"),
}
_TILE = re.compile(r"(?:^|_)T?(\d{2}[C-X][A-Z]{2})(?:_|$)")


@dataclass(frozen=True)
class Acquisition:
    """One tile of Sentinel-2 on one day."""

    name: str
    """Its item's id."""
    date: datetime.date
    tile: str
    """Of the military grid, such as 33TVK; else something that its own dates share."""
    cloud: float
    """Percent that its catalogue says are cloudy; 50 where it does not say."""
    baseline: str
    """Processing baseline, such as 05.11; empty if not known."""
    urls: Mapping[str, str]
    """Of red, green, blue and scl."""
    box: tuple[float, float, float, float]
    """West, south, east, north in degrees."""


def search(
    client: Client, address: str, collections: Iterable[str], extent: Extent, first: datetime.date, last: datetime.date
) -> list[Acquisition]:
    """Acquisitions of the first collection that has any, one for each tile and day, the newest processing of each.

    Raises:
        NetworkError: the catalogue fails, or lists none whose files can be read. MissingPackageError: no pystac-client.
    """
    unusable = 0
    for collection in collections:
        found: dict[tuple[str, datetime.date], Acquisition] = {}
        for item in items_of(client, address, collection, boxes_of(extent), first, last):
            made = _acquisition(item)
            if made is None or not first <= made.date <= last:
                unusable += 1
                continue
            key = made.tile, made.date
            if key not in found or (made.baseline, made.name) > (found[key].baseline, found[key].name):
                found[key] = made
        if found:
            return list(found.values())
    more = f" and {unusable} items without red, green, blue and scl on the web" if unusable else ""
    raise NetworkError(
        f"{client.what} must have been seen between {first} and {last}, got no scene{more} from {host_of(address)}; "
        "widen the time, or choose another source"
    )


def _acquisition(item: Any) -> Acquisition | None:
    """What an item says; None where it lacks what is needed."""
    try:
        said, assets = dict(item["properties"]), dict(item["assets"])
        name = str(item["id"])[:200]
        date = datetime.date.fromisoformat(str(said.get("datetime") or said["start_datetime"])[:10])
        box = [float(value) for value in item["bbox"]]
        box = box if len(box) == 4 else [box[0], box[1], box[3], box[4]]
        urls = {}
        for band, names in _ASSETS.items():
            url = web_address(next(assets[key]["href"] for key in names if key in assets))
            if url is None:
                return None
            urls[band] = url
        cloud = float(said.get("eo:cloud_cover", 50.0) or 0.0)
        if not all(-360.0 <= value <= 360.0 for value in box) or not 0.0 <= cloud <= 100.0:
            return None
    except (KeyError, TypeError, ValueError, IndexError, StopIteration):
        return None
    code = str(said.get("s2:mgrs_tile") or said.get("grid:code") or "").removeprefix("MGRS-")
    found = _TILE.search(name)
    tile = code[:10] or (found[1] if found else " ".join(f"{value:.1f}" for value in box))
    baseline = str(said.get("s2:processing_baseline") or said.get("processing:version") or "")[:10]
    return Acquisition(name, date, tile, cloud, baseline, urls, (box[0], box[1], box[2], box[3]))
