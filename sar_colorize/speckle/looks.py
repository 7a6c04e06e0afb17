"""The equivalent number of looks of a scene, from its flattest ground; once for the whole scene, never for a tile."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..errors import SettingError
from ..raster import Bool, Float32
from .windows import box_sum, inner

WINDOW_PX = 15
"""Ground is judged in squares of this side."""

LAG_PX = 4
"""Pixels so far apart share no speckle: that of Sentinel-1 GRD is correlated over 2 px."""

FLATTEST = 0.1
"""This part of the ground is taken for flat."""

_STEP_PX = 5
_FEWEST = 100


def estimate_looks(images: Iterable[tuple[Float32, Bool]]) -> float:
    """Equivalent number of looks, from pieces of one scene.

    looks = 1 / q, q the 10 % quantile over windows of 15 x 15 px of
    (mean of (p - p')**2 / 2 over pixels p, p' that are 4 px apart in a row or a column) / mean**2

    Differences, because they leave out slopes, and over 4 px, because neighbours share speckle and would look flatter
    than they are. Texture makes the result too small, and picking the flattest windows a little too large: simulated
    speckle of 1 to 10 looks comes out 0.85 to 1.26 times as large, correlated or not, on flat, patched and textured
    ground.

    Args:
        images: power (..., H, W) and validity (H, W) of each; only windows that are wholly valid count.

    Raises:
        SettingError: fewer than 100 windows, or ground without any speckle.
    """
    found = [np.zeros(0, np.float32)]
    for power, valid in images:
        for band in power.reshape(-1, *power.shape[-2:]):
            found.append(_squared_cv(np.where(valid, band, np.float32(0.0)), valid))
    ratios = np.concatenate(found)
    if ratios.size < _FEWEST:
        raise SettingError(
            f"looks must be given for so few valid pixels, got auto with {ratios.size} windows of {WINDOW_PX} px; "
            "Sentinel-1 IW GRDH has 4.4"
        )
    speckle = float(np.quantile(ratios, FLATTEST))
    if speckle < 1e-6:
        raise SettingError("looks must be given for a scene without speckle, got auto; it may be filtered already")
    return 1.0 / speckle


def _squared_cv(power: Float32, valid: Bool) -> Float32:
    """Squared coefficient of variation of speckle in windows every few pixels, wholly valid ones only."""
    margin = LAG_PX // 2
    if min(power.shape) < WINDOW_PX + LAG_PX:
        return np.zeros(0, np.float32)
    across = (power[:, LAG_PX:] - power[:, :-LAG_PX])[margin:-margin] ** 2
    along = (power[LAG_PX:] - power[:-LAG_PX])[:, margin:-margin] ** 2
    pixels = np.float32(WINDOW_PX * WINDOW_PX)
    lattice = np.s_[::_STEP_PX, ::_STEP_PX]
    variance = (box_sum(across + along, WINDOW_PX) / (4 * pixels))[lattice]
    mean = (box_sum(inner(power, margin), WINDOW_PX) / pixels)[lattice]
    seen = box_sum(valid.astype(np.float32), WINDOW_PX + LAG_PX)[lattice]
    usable = (seen == (WINDOW_PX + LAG_PX) ** 2) & (mean > 0)
    ratios: Float32 = variance[usable] / mean[usable] ** 2
    return ratios
