"""Sentinel-1 scenes over a place and a time, from any STAC API: filtered, freed of doubles and sorted here."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import NetworkError, SettingError
from ..scene.date import parse_date
from .catalogues import Catalogue, catalogues, checked_address
from .client import Client
from .search import Box, items_of
from .web import host_of

KINDS = {"grd": "sentinel-1-grd", "rtc": "sentinel-1-rtc"}
_POLARIZATION = re.compile(r"VV|VH|HH|HV")
_BY_CODE = {"SV": ("VV",), "SH": ("HH",), "DV": ("VV", "VH"), "DH": ("HH", "HV")}
_NAME = re.compile(r"S1[A-D]_\w{2}_GRD\w_1S(?P<pol>SV|SH|DV|DH)_\d{8}T\d{6}_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}")
_BYTES = 64 << 20


@dataclass(frozen=True)
class Pass:
    """One scene of Sentinel-1, as a catalogue lists it."""

    name: str
    """Of its item; an input of every verb that takes a scene."""
    time: str
    """Of its start, UTC, such as 2026-08-02T05:12:44Z."""
    direction: str
    """Ascending or descending; empty where the catalogue does not say."""
    polarizations: tuple[str, ...]
    share: float
    """Of the box that it covers, 0 to 1."""
    relative_orbit: int | None
    """The track; None where the catalogue does not say."""
    url: str
    """Of its item, an input too."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def check_box(bbox: Sequence[float]) -> Box:
    """West, south, east, north in degrees; west may lie east of east, over the antimeridian.

    Raises:
        SettingError: it is no box on Earth, or spans no area.
    """
    values = tuple(float(value) for value in bbox)
    if len(values) == 4:
        west, south, east, north = values
        if -180.0 <= west <= 180.0 and -180.0 <= east <= 180.0 and -90.0 <= south < north <= 90.0 and west != east:
            return west, south, east, north
    shown = " ".join(f"{value:g}" for value in values)
    raise SettingError(
        f"bbox must be west, south, east and north in degrees, got {shown}; give longitudes from -180 to 180 and "
        "latitudes from -90 to 90, south first"
    )


def check_period(text: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a day, a month, or two of them with a slash between.

    Raises:
        SettingError: it is none, or the last is before the first.
    """
    first_text, slash, last_text = text.partition("/")
    first, last = parse_date(first_text, "date"), parse_date(last_text if slash else first_text, "date")
    begin = datetime.date(first.year, first.month, first.day or 1)
    end = datetime.date(last.year, last.month, last.day or calendar.monthrange(last.year, last.month)[1])
    if end < begin:
        raise SettingError(f"date must have its first day first, got {text}; turn it around")
    return begin, end


def find_passes(
    bbox: Box, first: datetime.date, last: datetime.date, kind: str = "grd", catalog: str | None = None
) -> list[Pass]:
    """Scenes that cover a part of a box, the earliest first, each once.

    Args:
        bbox: see `check_box`. first, last: both days count.
        kind: a key of `KINDS`. catalog: address of one catalogue; None asks the usual ones, one after the other.

    Raises:
        NetworkError: no catalogue answers; what the first said. SettingError: no address.
        MissingPackageError: no pystac-client.
    """
    places = catalogues(kind)
    if catalog is not None:
        address, _, collection = catalog.partition("#")
        places = (Catalogue(checked_address(address, "catalog"), (collection or KINDS[kind],)),)
    refusal: NetworkError | None = None
    answered = False
    for place in places:
        try:
            found = _of_catalogue(place, bbox, first, last)
        except NetworkError as error:
            refusal = refusal or error
            continue
        if found:
            return found
        answered = True
    if refusal is not None and not answered:
        raise refusal
    return []


def _of_catalogue(place: Catalogue, bbox: Box, first: datetime.date, last: datetime.date) -> list[Pass]:
    """Scenes of one catalogue."""
    what, mend = f"catalogue {host_of(place.address)}", "choose a smaller box or a shorter time"
    client = Client(what, _BYTES, mend=mend, instead="name another catalogue")
    found: dict[tuple[str, str], Pass] = {}
    for collection in place.collections:
        for item in items_of(client, place.address, collection, _boxes(bbox), first, last):
            made = _pass(item, place.address, collection, bbox)
            if made is None or not str(first) <= made.time[:10] <= str(last):
                continue
            key = _acquisition(made)
            if key not in found or (made.share, made.name) > (found[key].share, found[key].name):
                found[key] = made
    return sorted(found.values(), key=lambda each: (each.time, each.name))


def _acquisition(made: Pass) -> tuple[str, str]:
    """What two versions of one scene share: its name without ESA's code, or its time."""
    named = _NAME.match(made.name)
    return (named[0], "") if named else (made.time, "+".join(made.polarizations))


def _boxes(bbox: Box) -> list[Box]:
    """A box, or two where it lies over the antimeridian."""
    west, south, east, north = bbox
    return [bbox] if west < east else [(west, south, 180.0, north), (-180.0, south, east, north)]


def _pass(item: Any, address: str, collection: str, bbox: Box) -> Pass | None:
    """What an item says; None where it lacks what is needed, or lies elsewhere."""
    try:
        said, name = dict(item["properties"]), str(item["id"])
        if not re.fullmatch(r"[\w.-]{1,200}", name):
            return None
        text = str(said.get("start_datetime") or said["datetime"])
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        time = time.replace(tzinfo=datetime.UTC) if time.tzinfo is None else time.astimezone(datetime.UTC)
        named = _NAME.match(name)
        listed = [str(pol).upper() for pol in said.get("sar:polarizations") or ()]
        polarizations = tuple(pol for pol in listed if _POLARIZATION.fullmatch(pol))[:4]
        if not polarizations:
            polarizations = _BY_CODE[named["pol"]] if named else ()
        direction = str(said.get("sat:orbit_state") or "").lower()
        orbit = said.get("sat:relative_orbit")
        share = _share(item.get("geometry") or {}, item.get("bbox"), bbox)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    if share <= 0.0:
        return None
    return Pass(
        name, time.strftime("%Y-%m-%dT%H:%M:%SZ"), direction if direction in ("ascending", "descending") else "",
        polarizations, round(share, 3), orbit if isinstance(orbit, int) and 0 < orbit < 1000 else None,
        f"{address}/collections/{collection}/items/{name}",
    )  # fmt: skip


def _share(geometry: dict[str, Any], box: Any, bbox: Box) -> float:
    """The share of a box that an item covers: of areas on a map of degrees, which in a small box are in proportion.

    Raises:
        ValueError, TypeError: neither geometry nor box are such.
    """
    import shapely
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    wanted = shapely.union_all([shapely.box(*part) for part in _boxes(bbox)])
    try:
        ground = shape(geometry)
        if ground.is_empty or not ground.is_valid:
            ground = shapely.make_valid(ground)
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        west, south, east, north = (float(value) for value in ([*box[:2], *box[3:5]] if len(box) == 6 else box))
        ground = shapely.union_all([shapely.box(*part) for part in _boxes((west, south, east, north))])
    try:
        return float(shapely.intersection(ground, wanted).area / wanted.area)
    except ShapelyError as error:
        raise ValueError("no ground") from error
