"""Values that are shown over a picture and under the pointer: expected error, share of memory, change."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingError
from ..raster import Bool, Float32, Grid, Window
from ..reference.picture import open_picture
from ..scene.alignment import Alignment
from .facts import legend_of

ERROR = "expected_ab_error"
MEMORY = ("memory", "changed")
KINDS = ("kind", "probability")
MOST_PX = 1536
"""The longest side of values in a page: they are smoother than pictures, and are kept without loss."""
_LARGEST_CODE = 255
_USUAL = {
    "water": "#1f3a4d",
    "wood": "#2f4a2c",
    "field": "#8a8f4f",
    "bare": "#a58d6c",
    "town": "#8d8583",
    "snow": "#e9eef2",
}
"""Colours of kinds that a legend leaves out because they are rare."""
_HALF = 50.0
Packed = tuple[str, bytes, Mapping[str, Any], tuple[tuple[str, str], ...]]
"""Title, WebP, what a browser must know, rows of the table of facts."""
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    ERROR: {"title": "Expected error", "unit": "Lab units", "scale": 0.1, "ramp": "error", "digits": 1},
    MEMORY[0]: {"title": "Share of memory", "unit": "%", "scale": 1.0, "ramp": "memory", "digits": 0},
    MEMORY[1]: {"title": "Changed", "unit": "%", "scale": 1.0, "ramp": "changed", "digits": 0},
    KINDS[0]: {"title": "Kind of ground", "unit": "", "scale": 1.0, "digits": 0},
    KINDS[1]: {"title": "Probability of the kind", "unit": "%", "scale": 1.0, "ramp": "memory", "digits": 0},
}


def pack_values(path: str, grid: Grid, step: int) -> list[Packed]:
    """Each band of a file of values as a lossless WebP of codes, code = value / scale, at most MOST_PX a side.

    Args:
        path: a file of uncertainty or of memory. grid: of the picture that it belongs to. step: of the page.

    Raises:
        SettingError: it lies on another grid.
    """
    names, values, valid, tags = _read(path, grid, step)
    rows = _rows(names, values, valid)
    packed: list[Packed] = []
    for name, band in zip(names, values, strict=True):
        look = _LOOKS[name]
        codes = np.rint(np.clip(np.where(valid, band, 0.0) / look["scale"], 0, _LARGEST_CODE)).astype(np.uint8)
        high = float(np.percentile(band[valid], 98)) if name == ERROR and valid.any() else 100.0
        about = {**look, "low": 0.0, "high": max(1.0, float(np.ceil(high)))}
        if name == KINDS[0]:
            about["kinds"] = _kinds(tags)
        packed.append((look["title"], _lossless(codes, valid), about, () if packed else rows))
    return packed


def _kinds(tags: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Name and colour of each code of kinds of ground, such as {"1": ("water", "#20303a")}."""
    colours = {name: colour for name, _, colour in legend_of(tags.get("SAR_COLORIZE_LEGEND", ""))}
    found = (
        re.fullmatch(r"(\d{1,3}) (.{1,80})", part.strip()) for part in tags.get("SAR_COLORIZE_KINDS", "").split(",")
    )
    return {each[1]: (each[2], colours.get(each[2]) or _USUAL.get(each[2], "#8a8a8a")) for each in found if each}


def _read(path: str, grid: Grid, step: int) -> tuple[tuple[str, ...], Float32, Bool, Mapping[str, str]]:
    """Known bands of a file on a coarser grid (C, h, w), means or of codes the nearest, where valid, and its tags."""
    from rasterio.enums import Resampling
    from rasterio.windows import Window as RioWindow

    with open_picture(path, "source") as dataset:
        transform = None if dataset.crs is None else dataset.transform
        own = Grid(dataset.height, dataset.width, transform, None if dataset.crs is None else dataset.crs.to_wkt())
        fits = own.height >= grid.height and own.width >= grid.width
        cut = own.crop(Window(0, 0, grid.height, grid.width)) if fits else own
        alignment = Alignment(grid, cut)
        if not fits or not alignment.is_possible or alignment.shift != (0, 0):
            raise SettingError(f"source must lie on the grid of the picture, got {path}; take the one of the same run")
        height, width = grid.height // step, grid.width // step
        share = min(1.0, MOST_PX / max(height, width))
        shape = max(1, round(height * share)), max(1, round(width * share))
        part = RioWindow(0, 0, grid.width, grid.height)
        names = tuple(str(name) for name in dataset.descriptions if name in _LOOKS)
        bands = [dataset.descriptions.index(name) + 1 for name in names]
        how = Resampling.nearest if names == KINDS else Resampling.average
        values = dataset.read(bands, window=part, out_shape=(len(bands), *shape), resampling=how)
        tags = dataset.tags()
        valid: Bool = dataset.dataset_mask(window=part, out_shape=shape) > 0
    values = values.astype(np.float32)
    return names, values, valid & np.isfinite(values).all(axis=0), tags


def _rows(names: tuple[str, ...], values: Float32, valid: Bool) -> tuple[tuple[str, str], ...]:
    """What values say of the whole picture, in words."""
    if not valid.any():
        return ()
    if names == (ERROR,):
        median, worst = np.percentile(values[0][valid], (50, 90))
        text = f"of a and b, {median:.1f} Lab units at the median, above {worst:.1f} in the worst tenth"
        return (("Expected error", text),)
    if names != MEMORY:
        return ()
    kept, changed = (band[valid] >= _HALF for band in values)
    shares = [100.0 * float(part.mean()) for part in (kept, changed & ~kept, ~kept & ~changed)]
    text = "{:.0f} % as in the reference, {:.0f} % changed since, {:.0f} % not shown by it and predicted".format(
        *shares
    )
    return (("Of the ground", text),)


def _lossless(codes: NDArray[np.uint8], valid: Bool) -> bytes:
    """A WebP in which every code of a valid pixel is exact."""
    from PIL import Image

    pixels = np.dstack([codes, codes, codes, np.where(valid, np.uint8(255), np.uint8(0))])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=60, method=4)
    return file.getvalue()
