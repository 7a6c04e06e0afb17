"""Any STAC API, asked for a collection, a box and a time: pystac-client pages and parses, `client` asks.

Catalogues differ in what they filter and sort, so that nothing else is asked for; the rest is done here. What a
catalogue says of itself is not believed: addresses that are none of the web are left out, and no more than `MOST_ITEMS`
items are looked at.
"""

from __future__ import annotations

import datetime
import json
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from ..errors import MissingPackageError, NetworkError
from ..scene.gdal import one_line
from .client import Client
from .extent import Extent
from .web import host_of

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""
MOST_ITEMS = 500
"""Of each box and collection."""
_PAGE = 100
_PAGE_BYTES = 16 << 20
"""100 items of Sentinel-2 take about 2 MB."""
_ITEM_BYTES = 4 << 20
_BUCKETS = {"sentinel-s1-l1c": "https://sentinel-s1-l1c.s3.eu-central-1.amazonaws.com"}
"""Of Amazon, which catalogues name by s3: and which anybody reads on the web."""


def items_of(
    client: Client, address: str, collection: str, boxes: Iterable[Box], first: datetime.date, last: datetime.date
) -> Iterator[dict[str, Any]]:
    """At most `MOST_ITEMS` items of each box, as the catalogue gives them.

    Args:
        address: of the catalogue. first, last: both days count.

    Raises:
        NetworkError: the catalogue fails, or is none. MissingPackageError: no pystac-client.
    """
    try:
        from pystac_client import Client as Catalogue
    except ImportError as error:
        raise MissingPackageError(
            'searching a STAC API must have pystac-client, got none; pip install "sar-colorize[catalog]"'
        ) from error
    time = f"{first}T00:00:00Z/{last}T23:59:59Z"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of catalogues that do not say what they conform to
            catalogue = Catalogue.open(address, stac_io=_asked_by(client, address))
            for box in boxes:
                asked = catalogue.search(
                    collections=[collection], bbox=box, datetime=time, limit=_PAGE, max_items=MOST_ITEMS
                )  # fmt: skip
                yield from islice(asked.items_as_dicts(), MOST_ITEMS)
    except (NetworkError, GeneratorExit):
        raise
    except Exception as error:  # pystac, pystac-client and json each have errors of their own
        raise NetworkError(
            f"{client.what} must be a STAC API, got {one_line(error) or type(error).__name__} from "
            f"{host_of(address)}; check its address"
        ) from error


def item_at(client: Client, url: str) -> dict[str, Any]:
    """The item that an address leads to.

    Raises:
        AbsentError: there is none. NetworkError: what is there is no item.
    """
    try:
        found = json.loads(client.listing(url, _ITEM_BYTES))
        if found["type"] == "Feature" and isinstance(found["assets"], dict) and isinstance(found["id"], str):
            return dict(found)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise NetworkError(
        f"{client.what} must lead to a STAC item, got something else from {host_of(url)}; give the address of an item, "
        "or of a manifest.safe"
    )


def web_address(href: Any, base: str = "") -> str | None:
    """An address of the web that a catalogue names; None of a local file, of GDAL's file systems, or with a password.

    A file in one of the open `_BUCKETS` (s3:) is taken by its address on the web.

    Args:
        base: the address that relative ones begin at; empty where there must be none.
    """
    text = str(href)
    if len(text) > 8192 or any(ord(character) <= 32 for character in text) or text.startswith(("/vsi", "\\")):
        return None
    try:
        parts = urlsplit(text)
        if parts.scheme == "s3" and parts.netloc in _BUCKETS and not parts.query:
            return f"{_BUCKETS[parts.netloc]}{parts.path}"
        if not parts.scheme and base and not text.startswith("/"):
            text = urljoin(base, text)
            parts = urlsplit(text)
        is_plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return None
    return text if is_plain else None


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
        if host_of(href) != host_of(address) or urlsplit(href).scheme not in ("http", "https"):
            raise NetworkError(
                f"{client.what} must stay on its server, got a link from {host_of(address)} to "
                f"{host_of(href) or urlsplit(href).scheme}; name that server's address if you trust it"
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


def boxes_of(extent: Extent) -> Iterator[Box]:
    """The box of a scene; two where it lies over the antimeridian."""
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
