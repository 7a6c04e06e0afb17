"""Pictures of single pairs: the radar, each model, the real picture; small, inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...color import lab_to_srgb, to_uint8
from ...errors import MissingPackageError
from ...pairs.find import Pair
from ..color import baselines
from ..color.compare import Comparison
from ..color.metrics import METRICS
from ..color.patch import read_patch

_CROP_PX = 384
_SIDE_PX = 176
_BY_SITE = 2
_CASES = 3
_RANKED_BY = [metric.key for metric in METRICS].index("ciede2000")


@dataclass(frozen=True)
class Case:
    """A pair to be shown."""

    number: int
    """In the comparison."""
    why: str
    """"best", "worst", or the site that it stands for."""


def shown_by_site(comparison: Comparison) -> list[Case]:
    """Of each site, pairs at thirds of the first model's ranking: neither its best nor its worst."""
    cases = []
    for site in sorted({pair.site for pair in comparison.pairs}):
        ranked = _ranked([i for i, pair in enumerate(comparison.pairs) if pair.site == site], comparison, 0)
        at = [len(ranked) * (k + 1) // (_BY_SITE + 1) for k in range(_BY_SITE)]
        cases += [Case(ranked[i], site) for i in sorted(set(at)) if i < len(ranked)]
    return cases


def best_and_worst(comparison: Comparison, method: int) -> tuple[list[Case], list[Case]]:
    """The pairs with the least and the most CIEDE2000 of a method; no pair in both."""
    ranked = _ranked(range(len(comparison.pairs)), comparison, method)
    few = min(_CASES, (len(ranked) + 1) // 2)
    worst = ranked[::-1][: min(_CASES, len(ranked) - few)]
    return [Case(i, "best") for i in ranked[:few]], [Case(i, "worst") for i in worst]


def strip(comparison: Comparison, case: Case, input: str) -> list[tuple[str, str, str]]:
    """The pictures of a case, left to right: (title, PNG as a data URI, caption)."""
    pair = comparison.pairs[case.number]
    patch = read_patch(pair, input, comparison.palettes[case.number])
    first = comparison.methods[0]
    radar = np.repeat((patch.radar(first.filter) * 2.55)[None], 3, 0).astype(np.uint8)
    found = [("SAR", data_uri(radar), f"{pair.polarization}, {first.filter}")]
    for i, method in enumerate(comparison.methods):
        if method.kind == "model" or method.name == baselines.TABLE:
            values = comparison.values[case.number, i]
            caption = f"ab {values[0]:.1f}, ΔE {values[_RANKED_BY]:.1f}"
            found.append((method.name, data_uri(to_uint8(lab_to_srgb(method.paint(patch)[0]))), caption))
    return [*found, ("real", data_uri(patch.rgb), "colour patch")]


def data_uri(picture: NDArray[np.uint8]) -> str:
    """The middle of a picture (3, H, W), made small, as a PNG of at most 256 colours in a data URI."""
    return "data:image/png;base64," + base64.b64encode(small_png(picture)).decode()


def small_png(picture: NDArray[np.uint8], side_px: int = _SIDE_PX) -> bytes:
    """The middle of a picture (3, H, W), `side_px` wide, as a PNG of at most 256 colours.

    Raises:
        MissingPackageError: without pillow.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError(
            "a report's pictures must have the package pillow, got none; pip install pillow"
        ) from error
    size = min(_CROP_PX, *picture.shape[1:])
    row, col = ((side - size) // 2 for side in picture.shape[1:])
    middle = np.moveaxis(picture[:, row : row + size, col : col + size], 0, -1)
    image = Image.fromarray(np.ascontiguousarray(middle)).resize((side_px, side_px), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()


def label(pair: Pair) -> str:
    """A pair in words."""
    return " · ".join(part for part in (pair.site, pair.terrain, pair.key) if part)


def _ranked(numbers: Sequence[int], comparison: Comparison, method: int) -> list[int]:
    """From the least to the most CIEDE2000; ties in the order of the pairs."""
    return sorted(numbers, key=lambda i: (comparison.values[i, method, _RANKED_BY], i))
