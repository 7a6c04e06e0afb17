"""Backscatter to lightness L by fixed decibel ranges, never by a tile's own statistics.

L = 100 (dB + offset - lo) / (hi - lo), clipped to 0..100, with one range for each polarisation. The offset is zero
for calibrated data. For data without an absolute scale it is fitted once per scene, in a pass of its own, and then
passed in like any other setting (Colorizer does so): an unknown gain is exactly a shift in decibels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import namespace, zeros
from .backscatter import DB_RANGES, MEDIAN_DB, DbRange, db_range_of
from .color import L_MAX
from .errors import SceneError

_HISTOGRAM_DB = (-100.0, 120.0)
_HISTOGRAM_STEP_DB = 0.01


def to_lightness(
    db: Any,
    valid: Any,
    bands: tuple[str, ...],
    *,
    ranges: Mapping[str, DbRange] = DB_RANGES,
    offset_db: float = 0.0,
    fill: float = 0.0,
) -> Any:
    """Lightness L of each band.

    L = 100 (dB + offset_db - lo) / (hi - lo), clipped.

    Args:
        db: (C, H, W) backscatter in dB, numpy or torch, float32.
        valid: (H, W) of the same kind; elsewhere the result is `fill`.
        bands: C polarisations, keys of `ranges`.
        ranges: (lo, hi) in dB for each polarisation; a model's card carries its own.
        offset_db: shift of the whole scene in dB, from `fit_offset_db`; 0 for calibrated data.
        fill: L given to invalid pixels, 0..100.

    Returns:
        (C, H, W) float32 in 0..100, of the same kind.
    """
    xp = namespace(db)
    out = zeros(tuple(db.shape), db)
    for channel, band in enumerate(bands):
        low, high = db_range_of(band, ranges)
        scale = np.float32(L_MAX / (high - low))
        lightness = (db[channel] + np.float32(offset_db - low)) * scale
        out[channel] = xp.where(valid, xp.clip(lightness, 0.0, L_MAX), fill)
    return out


def fit_offset_db(samples: Iterable[NDArray[np.float32]], polarization: str) -> float:
    """The shift in dB that brings the median of a scene to the median of land in its polarisation.

    offset = MEDIAN_DB[polarization] - median(samples), the median taken from a histogram in steps of 0.01 dB.

    Args:
        samples: valid values in dB, any shapes, from the whole scene; read one after the other.
        polarization: "VV", "VH", "HH" or "HV".

    Raises:
        SceneError: there is not one valid sample.
    """
    low, high = _HISTOGRAM_DB
    bins = round((high - low) / _HISTOGRAM_STEP_DB)
    counts = np.zeros(bins, dtype=np.int64)
    for sample in samples:
        index = np.clip((sample - low) / _HISTOGRAM_STEP_DB, 0, bins - 1).astype(np.int64)
        counts += np.bincount(index.ravel(), minlength=bins)
    total = int(counts.sum())
    if total == 0:
        raise SceneError("scene must hold at least one valid pixel, got none; check its nodata value")
    middle = int(np.searchsorted(np.cumsum(counts), total / 2))
    median_db = low + (middle + 0.5) * _HISTOGRAM_STEP_DB
    return round(MEDIAN_DB[polarization] - median_db, 2)
