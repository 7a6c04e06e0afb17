"""The sources as data: what they are called, where they are, what they hold, and how one is named by a user.

Addresses are settings: a variable of the environment names a mirror, or the server of a test.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..credentials import name_without_credentials
from ..errors import SettingError
from ..scene.date import Date, parse_date
from .catalogues import EARTH_SEARCH, VARIABLE, checked_address

LICENCE = "CC BY 4.0"
FIRST_SCALE_M = 20.0
"""The finest resolution at which a source is fetched unless another is asked for."""


@dataclass(frozen=True)
class Source:
    """A mosaic of the whole Earth."""

    name: str
    """As the user writes it."""
    title: str
    """As its makers call it."""
    usual_address: str
    variable: str
    """Of the environment: another address."""
    years: tuple[int, ...]
    """The newest first."""
    native_m: float
    """Its pixel."""
    south: float
    north: float
    """Latitudes between which it may show ground."""
    pixel_bytes: float
    """About what a pixel of all bands that are fetched together takes."""
    baseline: str
    """The newest processing baseline in it: before 04.00 digital numbers of Sentinel-2 hold no offset."""
    credit: str
    """What its licence asks to be shown; {0} is the year."""
    collections: tuple[str, ...] = ()
    """Of a catalogue of acquisitions, the first that has any is taken; empty of a mosaic with addresses of its own."""

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end; of several catalogues the first.

        Raises:
            SettingError: the variable of the environment holds no address of the web.
        """
        found = (self.variable and os.environ.get(self.variable)) or self.usual_address
        if self.variable == VARIABLE:  # which may hold several
            found = found.split()[0] if found.split() else self.usual_address
        return checked_address(found, self.variable)

    @property
    def host(self) -> str:
        """The server."""
        return urlsplit(self.address).netloc.rpartition("@")[2]


WORLDCOVER = Source(
    "worldcover", "ESA WorldCover Sentinel-2 composite",
    "https://esa-worldcover-s2.s3.eu-central-1.amazonaws.com", "SAR_COLORIZE_WORLDCOVER_URL", (2021, 2020),
    10.0, -60.0, 83.0, 6.4, "03.01",
    "(c) ESA WorldCover project {0} / Contains modified Copernicus Sentinel data ({0}) processed by ESA WorldCover "
    "consortium",
)  # fmt: skip
MOSAIC_120 = Source(
    "mosaic-120", "Sentinel-2 L2A 120 m mosaic",
    "https://sentinel-s2-l2a-mosaic-120.s3.amazonaws.com", "SAR_COLORIZE_MOSAIC_120_URL", (2020, 2019),
    120.0, -58.0, 72.0, 4.2, "02.14",
    "Contains modified Copernicus data {0} processed by Sentinel Hub",
)  # fmt: skip
SENTINEL_2 = Source(
    "sentinel-2", "Sentinel-2 L2A", EARTH_SEARCH, VARIABLE, (),
    10.0, -83.0, 84.0, 4.2, "03.01",
    "Contains modified Copernicus Sentinel data {0}",
    ("sentinel-2-c1-l2a", "sentinel-2-l2a"),
)  # fmt: skip
STAC = "stac"
"""How a catalogue is named: stac:URL#COLLECTION."""
SOURCES = {source.name: source for source in (WORLDCOVER, MOSAIC_120)}
"""In the order in which they are tried where the user leaves the choice."""
SOURCE_NAMES = (*SOURCES, SENTINEL_2.name, f"{STAC}:URL#COLLECTION")
"""All that can be named."""
USUAL_DAYS = 45
"""Before and after the day that is wanted, in which acquisitions are looked for."""


@dataclass(frozen=True)
class Wanted:
    """A source as a user named it."""

    source: Source
    year: int | None = None
    """Of a yearly mosaic; None for the newest."""
    month: int | None = None
    """Of a mosaic with seasons; None for the scene's."""
    date: Date | None = None
    """Of acquisitions; None for the scene's."""
    days: int = USUAL_DAYS
    """Before and after that."""
    text: str = ""
    """As the user wrote it."""

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self.text or self.source.name


def parse_source(text: str, what: str = "reference") -> Wanted | None:
    """The source that a text names; None where it names none, but perhaps a file.

    Args:
        text: such as "worldcover", "worldcover:2020", "mosaic-120:7", "sentinel-2", "sentinel-2:2026-08",
            "sentinel-2:+-20" or "stac:https://host/v1#sentinel-2-l2a".
        what: the setting, for messages.

    Raises:
        SettingError: a year, month or date that the source does not have, or no address.
    """
    name, colon, more = text.partition(":")
    if name == STAC and colon:
        return _parse_stac(text, more, what)
    source = {**SOURCES, SENTINEL_2.name: SENTINEL_2}.get(name)
    if source is None:
        return None
    if not colon:
        return Wanted(source, text=text)
    if source is SENTINEL_2:
        return _parse_acquisitions(text, more, what)
    number = int(more) if re.fullmatch(r"\d{1,4}", more, re.ASCII) else 0
    if source is WORLDCOVER:
        if number in source.years:
            return Wanted(source, year=number, text=text)
        years = " or ".join(map(str, source.years))
        raise SettingError(f"{what} must be {name} of {years}, got {text!r:.80}; leave the year out for the newest")
    if 1 <= number <= 12:
        return Wanted(source, month=number, text=text)
    raise SettingError(
        f"{what} must be {name} of a month from 1 to 12, got {text!r:.80}; leave the month out for the scene's"
    )


def _parse_acquisitions(text: str, more: str, what: str) -> Wanted:
    """A date, a month or a number of days of Sentinel-2."""
    days = re.fullmatch(r"\+-(\d{1,3})", more, re.ASCII)
    if days and int(days[1]) >= 1:
        return Wanted(SENTINEL_2, days=int(days[1]), text=text)
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", more, re.ASCII):
        return Wanted(SENTINEL_2, date=parse_date(more, what), text=text)
    raise SettingError(
        f"{what} must be sentinel-2 of a date such as sentinel-2:2026-08-02, of a month such as sentinel-2:2026-08, or "
        f"of days around the scene's such as sentinel-2:+-20, got {text!r:.80}; leave it out for {USUAL_DAYS} days"
    )


def _parse_stac(text: str, more: str, what: str) -> Wanted:
    """A catalogue and a collection of it."""
    address, _, collection = more.partition("#")
    parts = urlsplit(address)
    is_plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and not parts.query
    if not is_plain or not re.fullmatch(r"[\w.-]{1,100}", collection):
        raise SettingError(
            f"{what} must be stac:URL#COLLECTION such as stac:{SENTINEL_2.usual_address}#sentinel-2-l2a, without user, "
            f"password and query, got {name_without_credentials(text):.200}; correct it"
        )
    source = replace(
        SENTINEL_2, name=STAC, title=f"Sentinel-2 L2A ({collection})", usual_address=address, variable="",
        collections=(collection,),
    )  # fmt: skip
    return Wanted(source, text=text)


def worldcover_file(address: str, year: int, south: int, west: int) -> tuple[str, str]:
    """Name and address of the tile of one degree whose lower left corner is given in whole degrees."""
    row = f"{'S' if south < 0 else 'N'}{abs(south):02}"
    cell = f"{row}{'W' if west < 0 else 'E'}{abs(west):03}"
    version = {2020: "v100", 2021: "v200"}[year]
    return cell, f"{address}/rgbnir/{year}/{row}/ESA_WorldCover_10m_{year}_{version}_{cell}_S2RGBNIR.tif"


def mosaic_zone(lon: float, lat: float) -> str:
    """UTM zone and band of latitude of a place, such as 30T, with the exception of Norway."""
    letter = "CDEFGHJKLMNPQRSTUVWX"[min(19, max(0, int((lat + 80.0) // 8.0)))]
    zone = int((lon + 180.0) % 360.0 // 6.0) + 1
    if letter == "V" and zone == 31 and lon >= 3.0:
        zone = 32
    return f"{zone:02}{letter}"
