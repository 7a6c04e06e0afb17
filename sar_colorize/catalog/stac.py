"""Acquisitions of Sentinel-2 over a place and a time, from any STAC API: pystac-client pages and parses, `client` asks.

Catalogues differ in what they filter and sort, so that only collection, box and time are asked for; the rest is done
here. What a catalogue says of itself is not believed: addresses that are none of the web are left out, and no more than
`MOST_ITEMS` items are looked at.
"""

from __future__ import annotations

import datetime
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from ..errors import MissingPackageError, NetworkError
from ..scene.gdal import one_line
from .client import Client
from .extent import Extent

MOST_ITEMS = 500
_PAGE = 100
_PAGE_BYTES = 16 << 20
"""100 items of Sentinel-2 take about 2 MB."""
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
    try:
        from pystac_client import Client as Catalogue
    except ImportError as error:
        raise MissingPackageError(
            'searching a STAC API must have pystac-client, got none; pip install "sar-colorize[catalog]"'
        ) from error
    unusable = 0
    for collection in collections:
        found: dict[tuple[str, datetime.date], Acquisition] = {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of catalogues that do not say what they conform to
                catalogue = Catalogue.open(address, stac_io=_asked_by(client, address))
                for item in _items(catalogue, collection, extent, first, last):
                    made = _acquisition(item)
                    if made is None or not first <= made.date <= last:
                        unusable += 1
                        continue
                    key = made.tile, made.date
                    if key not in found or (made.baseline, made.name) > (found[key].baseline, found[key].name):
                        found[key] = made
        except NetworkError:
            raise
        except Exception as error:  # pystac, pystac-client and json each have errors of their own
            raise NetworkError(
                f"{client.what} must be a STAC API, got {one_line(error) or type(error).__name__} from "
                f"{_host(address)}; check its address"
            ) from error
        if found:
            return list(found.values())
    more = f" and {unusable} items without red, green, blue and scl on the web" if unusable else ""
    raise NetworkError(
        f"{client.what} must have been seen between {first} and {last}, got no scene{more} from {_host(address)}; "
        "widen the time, or choose another source"
    )


def _items(
    catalogue: Any, collection: str, extent: Extent, first: datetime.date, last: datetime.date
) -> Iterator[dict[str, Any]]:
    """At most `MOST_ITEMS` items of each box of a scene."""
    time = f"{first}T00:00:00Z/{last}T23:59:59Z"
    for box in _boxes(extent):
        asked = catalogue.search(
            collections=[collection], bbox=box, datetime=time, limit=_PAGE, max_items=MOST_ITEMS
        )  # fmt: skip
        yield from islice(asked.items_as_dicts(), MOST_ITEMS)


def _asked_by(client: Client, address: str) -> Any:
    """What pystac-client reads with: our own client, on the catalogue's own server."""
    from pystac_client.stac_api_io import StacApiIO

    def request(
        _io: Any,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,  # noqa: ARG001  # none of ours
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """The text of an answer to what pystac-client asks."""
        if _host(href) != _host(address) or urlsplit(href).scheme not in ("http", "https"):
            raise NetworkError(
                f"{client.what} must stay on its server, got a link from {_host(address)} to "
                f"{_host(href) or urlsplit(href).scheme}; name that server's address if you trust it"
            )
        if (method or "GET").upper() == "POST":
            return client.listing(href, _PAGE_BYTES, json.dumps(parameters or {}).encode()).decode()
        query = urlencode({key: _text(value) for key, value in (parameters or {}).items()})
        joined = href + (("&" if "?" in href else "?") + query if query else "")
        return client.listing(joined, _PAGE_BYTES).decode()

    return type("Asked", (StacApiIO,), {"request": request})()


def _text(value: Any) -> str:
    """A parameter of a query."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _boxes(extent: Extent) -> Iterator[tuple[float, float, float, float]]:
    """West, south, east, north of a scene; two where it lies over the antimeridian."""
    west, east = float(extent.lons.min()), float(extent.lons.max())
    south, north = float(extent.lats.min()), float(extent.lats.max())
    if west < -180.0:
        yield west + 360.0, south, 180.0, north
        yield -180.0, south, east, north
    elif east > 180.0:
        yield west, south, 180.0, north
        yield -180.0, south, east - 360.0, north
    else:
        yield west, south, east, north


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
            href = next(str(assets[key]["href"]) for key in names if key in assets)
            parts = urlsplit(href)
            if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
                return None
            urls[band] = href
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


def _host(address: str) -> str:
    return urlsplit(address).netloc.rpartition("@")[2]
