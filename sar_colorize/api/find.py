"""`find`: Sentinel-1 scenes of a place and a time, from a catalogue."""

from __future__ import annotations

from ..catalog.passes import KINDS, Pass, check_box, check_period, find_passes
from ..errors import SettingError
from .keywords import verb
from .output import Box


@verb()
def find(
    bbox: Box,
    date: str,
    *,
    kind: str = "grd",
    catalog: str | None = None,
) -> list[Pass]:
    """Sentinel-1 scenes that cover a part of a box in some days, the earliest first; each can be coloured by its name.

    Place and time:
        bbox: West, south, east, north in degrees.
        date: A day, a month, or the first and the last of them: 2026-08-02, 2026-08, 2026-07-15/2026-08-02.

    Catalogue:
        kind: grd for products as ESA delivers them, rtc for those that are corrected for terrain, on a map.
        catalog: Address of a STAC API, URL or URL#COLLECTION. None asks Earth Search, and Planetary Computer where
            that does not answer or has nothing.

    Returns:
        Scenes, with name, time, direction, polarisations, the share of the box that each covers, and address.

    Raises:
        SarColorizeError: One sentence.
    """
    box, (first, last) = check_box(bbox), check_period(date)
    if kind not in KINDS:
        raise SettingError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}; grd is usual")
    return find_passes(box, first, last, kind, catalog)
