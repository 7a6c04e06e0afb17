"""The offset of -1000 in the digital numbers of Sentinel-2 since processing baseline 04.00 (25 January 2022).

    reflectance = (DN + offset) / 10000
    offset = -1000 since 04.00; 0 before, and in files that a provider has shifted back

A file that is read with the wrong one is 0.1 too bright or too dark. What a file or a catalogue says of it is often
wrong, because providers shift the pixels and keep the label, or the other way round. So the pixels are asked too:
the 0.5 percentile of each of red, green and blue over ground, the darkest of the three being `low`.

    low < 900                                 no offset, whatever the file says: reflectance would be below -0.01
    900 <= low <= 1500, the three within 500 of each other, median red - median blue <= 700
                                              offset, unless the file is of a baseline before 04.00
    else (desert, snow, cloud all over)       the pixels say nothing; what the file says holds, and offset 0 without it

Measured without metadata by `benchmarks/sentinel2_offset.py` (2026-11-25), on pixels that hold no offset, as they are
and with 1000 added:

    pixels                                                      files   found wrongly   missed where added
    L2A and L1C, Belgium, Netherlands, Jiangsu, 64 to 256 px       28               0                    1
    farmland, forest, savanna, towns, coasts, 256 and 1024 px     861               0                   15
    two deserts, 256 px                                            47               8                   43

So a small desert without dark ground, in a file without metadata, is where it errs.

Source: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD, issue 14.9, BOA_ADD_OFFSET and RADIO_ADD_OFFSET.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool

OFFSET_DN = -1000.0
FIRST_BASELINE = 4.0
"""Processing baseline since which digital numbers hold the offset."""
_PERCENTILE = 0.5
_LOW, _HIGH, _SPREAD, _REDDEST = 900.0, 1500.0, 500.0, 700.0
_LEAST_PIXELS = 200
_PRODUCT = re.compile(r"S2[A-D]_MSIL[12][AC]_\d{8}T\d{6}_N(\d{2})(\d{2})_")


@dataclass(frozen=True)
class Offset:
    """What is to be added to the digital numbers of a raster."""

    dn: float = 0.0
    """0 or -1000, in digital numbers of reflectance x 10000."""
    note: str = ""
    """What was found, in words for the user; empty where there is nothing to say."""


NO_OFFSET = Offset()


@dataclass(frozen=True)
class Claim:
    """What a file says of its offset."""

    dn: float
    """0 or -1000."""
    words: str
    """Where it says so."""
    impossible: bool = False
    """Whether there can be no offset, because the baseline is older than it."""


def find_offset(values: NDArray[Any], ground: Bool, claim: Claim | None) -> Offset:
    """The offset of a raster of reflectance x 10000, from its pixels and from what it says of itself.

    Args:
        values: (3, H, W) red, green and blue, digital numbers, nothing added.
        ground: (H, W) where they show ground.
        claim: see `claimed_offset`; None where the file says nothing.
    """
    found, words = _in_pixels(values, ground)
    if claim is None:
        return Offset(found or 0.0, f"offset -1000 found in the pixels: {words}" if found else "")
    if found is None or found == claim.dn or (found and claim.impossible):
        return Offset(claim.dn, f"offset -1000 by {claim.words}" if claim.dn else "")
    if found:
        return Offset(found, f"offset -1000 found in the pixels: {words}, although {claim.words} says none")
    return Offset(0.0, f"no offset, although {claim.words} says -1000: {words}")


def claimed_offset(source: Any, path: str) -> Claim | None:
    """What a raster, open in rasterio, says of its offset; None where it says nothing.

    In this order: the offset and scale of its first band, tags BOA_ADD_OFFSET* and RADIO_ADD_OFFSET*, the tag
    PROCESSING_BASELINE, the product's name in a tag or in the path.
    """
    if own_offset_dn(source) == OFFSET_DN:
        return Claim(OFFSET_DN, "the band's own offset")
    tags = {key.upper(): str(value) for number in range(source.count + 1) for key, value in _tags(source, number)}
    for key, value in tags.items():
        if key.startswith(("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")) and _number(value) in (0.0, OFFSET_DN):
            return Claim(_number(value) or 0.0, f"its tag {key}")
    baseline = _number(tags.get("PROCESSING_BASELINE", ""))
    if baseline is not None:
        return _of_baseline(baseline)
    for text in (*tags.values(), path):
        match = _PRODUCT.search(text)
        if match:
            return _of_baseline(float(f"{match[1]}.{match[2]}"))
    return None


def own_offset_dn(source: Any) -> float | None:
    """GDAL's offset of the first band in digital numbers, 0 or -1000; None where its scale is not Sentinel-2's."""
    scale, offset = source.scales[0], source.offsets[0]
    if not any(math.isclose(scale, known, rel_tol=1e-5) for known in (1.0, 1e-4)):
        return None
    return next((dn for dn in (0.0, OFFSET_DN) if math.isclose(offset, dn * scale, abs_tol=scale / 2)), None)


def _of_baseline(baseline: float) -> Claim:
    since = baseline >= FIRST_BASELINE
    return Claim(OFFSET_DN if since else 0.0, f"processing baseline {baseline:05.2f}", impossible=not since)


def _tags(source: Any, number: int) -> list[tuple[str, str]]:
    return list(source.tags(number).items())


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _in_pixels(values: NDArray[Any], ground: Bool) -> tuple[float | None, str]:
    """-1000, 0 or None where the pixels say nothing, and the darkest blue in words."""
    if ground.sum() < _LEAST_PIXELS:
        return None, ""
    dark, median = np.percentile(values[:, ground].astype(np.float64), (_PERCENTILE, 50.0), axis=1)
    words = f"darkest blue {dark[2]:.0f}"
    if dark.min() < _LOW:
        return 0.0, words
    plain = dark.min() <= _HIGH and np.ptp(dark) <= _SPREAD and median[0] - median[2] <= _REDDEST
    return (OFFSET_DN if plain else None), words
