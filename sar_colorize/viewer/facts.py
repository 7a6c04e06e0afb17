"""What the tags of a picture say of it, as rows of a table, a sentence and a legend; tags may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ..color import lab_to_srgb, to_uint8
from ..credentials import without_credentials

LONGEST = 600
"""Letters of a tag that are shown."""
Rows = tuple[tuple[str, str], ...]
UNKNOWN = "It is not known how these colours were made: the file has no tags of sar-colorize."


@dataclass(frozen=True)
class Facts:
    """What is known of a picture without looking at its pixels."""

    notice: str
    """One sentence: what the colours are."""
    rows: Rows
    """Names and values."""
    legend: tuple[tuple[str, str], ...]
    """Kinds of ground and the mean colour of each, such as #2f4f2f; empty where the tags name none."""


def facts_of(tags: Mapping[str, str]) -> Facts:
    """The facts that the tags of a coloured raster tell; names of files without their folders."""
    own = {
        name.removeprefix("SAR_COLORIZE_"): without_credentials(text).strip()[:LONGEST]
        for name, text in tags.items()
        if name.startswith("SAR_COLORIZE_") and text.strip()
    }
    palette, settings = (_object(tags.get(f"SAR_COLORIZE_{name}", "")) for name in ("PALETTE", "SETTINGS"))
    model = own.get("MODEL", "")
    checksum = own.get("WEIGHTS_SHA256", "none")
    rows = [
        ("Radar", _file(own.get("SOURCE", ""))),
        ("Taken", own.get("DATE") or own.get("TIME", "")),
        ("Polarisation", own.get("BANDS", "").replace(",", ", ")),
        ("Unit", own.get("UNIT", "")),
        ("Speckle filter", _filter(settings)),
        ("Model", f"{model}, weights {checksum[:12]}" if model and checksum != "none" else model),
        ("Colours from", _palette(palette)),
        ("Reference", _file(own.get("REFERENCE", ""))),
        ("Its date", own.get("REFERENCE_DATE", "")),
        ("Its values", own.get("REFERENCE_KIND", "")),
        ("Its source", own.get("REFERENCE_SOURCE", "")),
        ("Its licence", own.get("REFERENCE_LICENCE", "")),
        ("Credit", own.get("REFERENCE_CREDIT", "")),
        ("Note", own.get("MEMORY_NOTE", "")),
    ]
    return Facts(own.get("NOTICE", UNKNOWN), tuple(row for row in rows if row[1]), _legend(palette))


def _file(name: str) -> str:
    """The last part of a path or an address: a page that is sent need not tell the folders of a machine."""
    return PurePosixPath(name.replace("\\", "/").rstrip("/")).name


def _object(text: str) -> Mapping[str, Any]:
    """A JSON object; an empty one where the text is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _filter(settings: Mapping[str, Any]) -> str:
    name, size = settings.get("filter"), settings.get("size")
    if not isinstance(name, str):
        return ""
    return f"{name[:LONGEST]}, {size} px" if isinstance(size, int) else name[:LONGEST]


def _palette(palette: Mapping[str, Any]) -> str:
    """The first sentence of the palette's note; its source where it has none."""
    for name in ("note", "source"):
        if isinstance(found := palette.get(name), str) and found:
            return re.split(r"(?<=\.) |;", without_credentials(found)[:LONGEST])[0]
    return ""


def _legend(palette: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Kinds of ground by name and mean colour; those that cannot be read are left out."""
    ground = palette.get("ground")
    kinds = ground.get("kinds") if isinstance(ground, dict) else None
    found = []
    for kind in kinds[:20] if isinstance(kinds, list) else []:
        if isinstance(kind, dict) and isinstance(kind.get("name"), str) and (colour := _hex(kind.get("colour"))):
            found.append((kind["name"][:LONGEST], colour))
    return tuple(found)


def _hex(lab: object) -> str | None:
    """A colour in CIE Lab as #rrggbb; None where it is none."""
    if not isinstance(lab, list) or len(lab) != 3 or not all(isinstance(x, int | float) for x in lab):
        return None
    values = np.array(lab, np.float64)
    if not np.isfinite(values).all():
        return None
    limits = np.array([[0.0, 100.0], [-128.0, 128.0], [-128.0, 128.0]])
    codes = to_uint8(lab_to_srgb(np.clip(values, *limits.T).reshape(3, 1, 1))).ravel()
    return "#" + "".join(f"{int(code):02x}" for code in codes)
