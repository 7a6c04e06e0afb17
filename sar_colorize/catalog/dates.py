"""The dates of a mosaic with seasons, listed from its bucket, and the one that is nearest to a day of the year."""

from __future__ import annotations

import datetime
import re
from urllib.parse import quote

from ..errors import NetworkError
from ..scene.date import Date
from .client import Client
from .sources import Source

_MONTHS = 4
"""So many of the nearest months are looked into."""
_MIDDLE = 5
"""Days from a date of the bucket, where ten days begin, to the middle of them."""


def nearest_date(client: Client, source: Source, day: Date) -> Date:
    """The date of the bucket whose day of the year is nearest to a day; the newest of those.

    Raises:
        NetworkError: it lists none.
    """
    months = [
        (year, month) for year in source.years for month in _folders(client, source, f"{year}/") if 1 <= month <= 12
    ]
    wanted = _day_of_year(day)
    near = sorted(months, key=lambda found: (_apart(_day_of_year(Date(2020, found[1], 15)), wanted), -found[0]))[
        :_MONTHS
    ]
    days = []
    for year, month in near:
        for number in _folders(client, source, f"{year}/{month}/"):
            try:
                datetime.date(year, month, number)
            except ValueError:
                continue
            days.append(Date(year, month, number))
    if not days:
        raise NetworkError(
            f"{client.what} must list its dates, got none from {source.host}; choose another source, or give a file"
        )
    return min(days, key=lambda found: (_apart(_day_of_year(found) + _MIDDLE, wanted), -found.year))


def _folders(client: Client, source: Source, prefix: str) -> list[int]:
    """Numbers of the folders below one of a bucket, by its listing of version 2.

    Raises:
        NetworkError: no such listing.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    content = client.listing(f"{source.address}/?list-type=2&delimiter=/&prefix={quote(prefix)}")
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NetworkError(
            f"{client.what} must list its dates in XML, got something else from {source.host}; choose another source, "
            "or give a file"
        ) from error
    texts = [part.text or "" for part in root.iter() if part.tag.rpartition("}")[2] == "Prefix"]
    found = (re.fullmatch(rf"{re.escape(prefix)}(\d{{1,2}})/", text, re.ASCII) for text in texts)
    return sorted({int(part[1]) for part in found if part})


def _day_of_year(date: Date) -> int:
    return datetime.date(2020, date.month, min(date.day or 15, 29)).timetuple().tm_yday


def _apart(one: int, other: int) -> int:
    """Days between two days of the year, the shorter way round."""
    return min((one - other) % 366, (other - one) % 366)
