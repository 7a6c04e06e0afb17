"""What the tags of a picture say of it, as rows of a table, a sentence and a legend; tags may hold anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ..credentials import without_credentials

LONGEST = 600
"""Letters of a tag that are shown."""
Rows = tuple[tuple[str, str], ...]
_KIND = re.compile(r"([^#]{1,80}?) (\d{1,3}) ?% (#[0-9a-f]{6})")
UNKNOWN = "It is not known how these colours were made: the file has no tags of sar-colorize."


@dataclass(frozen=True)
class Facts:
    """What is known of a picture without looking at its pixels."""

    notice: str
    """One sentence: what the colours are."""
    rows: Rows
    """Names and values."""
    legend: tuple[tuple[str, str, str], ...]
    """Kinds of ground, the share of each, and its mean colour, such as #2f4f2f; empty where the tags name none."""


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
    return Facts(own.get("NOTICE", UNKNOWN), tuple(row for row in rows if row[1]), legend_of(own.get("LEGEND", "")))


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


def legend_of(text: str) -> tuple[tuple[str, str, str], ...]:
    """(kind, share, colour) of a legend such as "wood 48% #2e3319, field 30% #5a5f3b"; empty of anything else."""
    found = (_KIND.fullmatch(part.strip()) for part in text.split(",")[:20])
    return tuple((each[1], f"{each[2]} %", each[3]) for each in found if each)
