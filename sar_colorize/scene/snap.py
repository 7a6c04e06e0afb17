"""What SNAP writes into a GeoTIFF and GDAL does not show: band names, units and nodata in the TIFF tag 65000.

The tag holds the whole BEAM-DIMAP header, often many megabytes of metadata; only its list of bands is read.
Source: SNAP, GeoTIFF and GeoTIFF-BigTIFF writer, and the BEAM-DIMAP header (`Image_Interpretation`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnreadableError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TAG = 65000
TAG_BYTES = 256 * 2**20
BANDS_BYTES = 8 * 2**20
"""Sizes above which a tag, and its list of bands, are no header of SNAP's."""

_LIST = "Image_Interpretation"
_NO_HANDLER = logging.NullHandler()


@dataclass(frozen=True)
class SnapBand:
    """A band as SNAP describes it."""

    name: str
    unit: str
    nodata: float | None
    """None where none is used."""


def read_bands(location: str, count: int) -> tuple[SnapBand, ...]:
    """Bands of a GeoTIFF that SNAP wrote, in the order of the file; empty for any other file.

    Virtual and filtered bands stand in SNAP's header but not in the file, so they are left out.

    Args:
        location: a local path; inside a zip or behind a URL nothing is read.
        count: how many bands the file has. A header that lists another number was left behind by a later tool.

    Raises:
        UnreadableError: the header is too large, is no XML, or brings definitions of its own; a band is scaled, which
            SNAP does not apply to the pixels that it writes.
    """
    path = Path(location)
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return ()
    listed = _band_list(_tag(path), location)
    if listed is None:
        return ()
    bands = tuple(_band(element, location) for element in listed if _is_stored(element))
    return bands if len(bands) == count else ()


def _tag(path: Path) -> str:
    """The text of the tag, "" without one."""
    import tifffile

    logging.getLogger("tifffile").addHandler(_NO_HANDLER)  # what it says of damage is not for the user's screen
    try:
        with tifffile.TiffFile(path) as tif:
            tag = tif.pages.first.tags.get(TAG)
            if tag is None:
                return ""
            if tag.valuebytecount <= TAG_BYTES:
                return tag.value if isinstance(tag.value, str) else ""
            count = tag.valuebytecount
    except Exception:  # noqa: BLE001  # another format, or damage that GDAL forgives: struct, Index, Memory, Recursion
        return ""
    raise UnreadableError(_refusal(str(path), f"{count} bytes"))


def _band_list(text: str, location: str) -> Element | None:
    """The part of the header that lists the bands; None if this is no such header."""
    if "<Dimap_Document" not in text:
        return None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableError(_refusal(location, "a document type of its own"))
    start, stop = text.find(f"<{_LIST}>"), text.find(f"</{_LIST}>")
    if start < 0 or stop < start:
        return None
    part = text[start : stop + len(_LIST) + 3]
    if len(part) > BANDS_BYTES:
        raise UnreadableError(_refusal(location, f"{len(part)} bytes of bands"))
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        element: Element = fromstring(part, forbid_dtd=True)
    except (DefusedXmlException, SyntaxError, ValueError) as error:  # ParseError is a SyntaxError
        raise UnreadableError(_refusal(location, f"broken XML ({error})")) from None
    return element


def _is_stored(element: Element) -> bool:
    virtual = (element.findtext("VIRTUAL_BAND") or "").strip().lower() == "true"
    return element.tag == "Spectral_Band_Info" and not virtual and element.find("Filter_Band_Info") is None


def _band(element: Element, location: str) -> SnapBand:
    def text(tag: str) -> str:
        return (element.findtext(tag) or "").strip()

    def number(tag: str, default: float) -> float:
        try:
            return float(text(tag) or default)
        except ValueError:
            raise UnreadableError(_refusal(location, f"{tag} {text(tag)!r}")) from None

    name = text("BAND_NAME")
    if number("SCALING_FACTOR", 1) != 1 or number("SCALING_OFFSET", 0) != 0 or text("LOG10_SCALED").lower() == "true":
        raise UnreadableError(_refusal(location, f"the scaled band {name}, whose pixels are stored raw,"))
    used = text("NO_DATA_VALUE_USED").lower() == "true"
    return SnapBand(name, text("PHYSICAL_UNIT"), number("NO_DATA_VALUE", float("nan")) if used else None)


def _refusal(location: str, got: str) -> str:
    return (
        f"SNAP's header (TIFF tag {TAG}) must be plain XML of unscaled bands, got {got} in {location}; write the file "
        "again with SNAP, or copy it with gdal_translate, which drops the header, and set `unit`"
    )
