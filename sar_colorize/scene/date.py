"""When a raster was taken: given by the user, or read from its tags or its name."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import SettingError

FIRST_YEAR = 1970
"""Digits in a name that would be an earlier year are no date."""
_TAGS = re.compile(
    r"(?:.*[_:. ])?(?:acquisition|acquired|sensing|observation|product_start|datatake(?:_1)?_sensing_start)"
    r"(?:[_:. ]?(?:date|time|start|datetime|start_time|time_utc))*|date_?(?:acquired|time)?|first_line_time"
    r"|sar_colorize_(?:time|date)",
    re.IGNORECASE,
)
"""Names of tags that hold the time of the measurement, our own among them; TIFF's DateTime is that of the file."""
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(-|_|:|/|)(\d\d)(?:\2(\d\d))?(?!\d)")


@dataclass(frozen=True)
class Date:
    """A day, or a month where the day is not known."""

    year: int
    month: int
    day: int | None = None

    def __str__(self) -> str:
        month = f"{self.year:04}-{self.month:02}"
        return month if self.day is None else f"{month}-{self.day:02}"


def parse_date(text: str, what: str) -> Date:
    """A date from a user.

    Args:
        text: "YYYY-MM-DD" or "YYYY-MM". what: the setting, for messages.

    Raises:
        SettingError: anything else, or a day that no calendar has.
    """
    found = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", text.strip(), re.ASCII)
    made = _date(found[1], found[2], found[3]) if found else None
    if made is None:
        raise SettingError(f"{what} must be a date such as 2026-03-02 or a month such as 2026-03, got {text!r:.80}")
    return made


def find_date(tags: Mapping[str, str], name: str) -> Date | None:
    """When a raster was taken, from its tags, else from its name; None where neither says it."""
    for key, value in tags.items():
        if _TAGS.fullmatch(key) and (made := _first(value, whole_days=False)):
            return made
    return _first(PurePosixPath(name.replace("\\", "/").replace("!", "/").rstrip("/")).name, whole_days=True)


def _first(text: str, *, whole_days: bool) -> Date | None:
    """The first date in a text."""
    for found in re.finditer(_DATE, text.replace("T", " ")):
        if (whole_days or not found[2]) and found[4] is None:
            continue
        if made := _date(found[1], found[3], found[4]):
            return made
    return None


def _date(year: str, month: str, day: str | None) -> Date | None:
    """None of what no calendar has, and of years before satellites."""
    try:
        datetime.date(int(year), int(month), int(day or 1))
    except ValueError:
        return None
    return Date(int(year), int(month), None if day is None else int(day)) if int(year) >= FIRST_YEAR else None
