"""The multi-temporal filter of Quegan and Yu: a stack of scenes of one ground, each kept in its own radiometry."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import as_float, namespace
from ..errors import SettingError
from .base import Filter
from .local import Boxcar
from .windows import TINY

DEFAULT_SPATIAL = Boxcar(size_px=7)
"""The local mean that dates are compared by."""


def despeckle_dates(power: Any, valid: Any, spatial: Filter = DEFAULT_SPATIAL) -> Any:
    """Each date of a stack with less speckle, at full resolution.

    out_k = E[I_k] / N sum over i of I_i / E[I_i]

    where E is a local mean in space and i runs over the N dates at which the pixel is valid. What speckle is not
    shared by the dates goes down by N; a structure that all dates share is kept to the pixel, whatever each date's own
    level. Exact for dates of equal looks whose speckle is uncorrelated.

    Args:
        power: (T, H, W), numpy or torch, float32; two dates or more.
        valid: (T, H, W).
        spatial: the filter that gives E; its halo is that of the stack.

    Returns:
        (T, H, W), NaN exactly where a date is invalid.

    Raises:
        SettingError: fewer than two dates, or shapes that do not fit.

    Source: S. Quegan, J. J. Yu, Filtering of multichannel SAR images, IEEE Transactions on Geoscience and Remote
    Sensing 39 (2001) 2373-2379, equation 14 (uncorrelated channels).
    """
    if power.ndim != 3 or len(power) < 2 or tuple(valid.shape) != tuple(power.shape):
        raise SettingError(
            f"stack must be (dates, H, W) with two dates or more and its validity alike, got {tuple(power.shape)} and "
            f"{tuple(valid.shape)}; `despeckle` takes a single date"
        )
    xp = namespace(power)
    means, total, count = [], 0.0, 0.0
    for date, present in zip(power, valid, strict=True):
        mean = xp.where(present, spatial.apply(date, present), 0.0)
        total = total + xp.where(present, date, 0.0) / xp.clip(mean, np.float32(TINY), None)
        count = count + as_float(present, date)
        means.append(mean)
    shared = total / xp.clip(count, 1.0, None)
    return xp.where(valid, xp.stack(means) * shared, np.nan)
