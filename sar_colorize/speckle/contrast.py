"""What the learned filter's network sees of decibels, and what is made of its answer; on tensors and symbols alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import as_float, namespace
from ..planes import bordered, join, spread
from .windows import box_sum

CENTRE_PX = 15
"""Window of the mean that is subtracted before the network sees an image."""
SCALE_DB = 5.0
FLAT_DB = 0.1
LOWEST_DB = -30.0


def change_db(network: Any, db: Any, valid: Any, looks: Any, offset_db: float = 0.0) -> Any:
    """What is to be added to the decibels of each pixel, (B, 1, H, W).

    With m and s the mean and the standard deviation in dB of the valid pixels of a window of CENTRE_PX,

        contrast = max(dB - m, LOWEST_DB), 0 where invalid: a gain drops out
        noise = standard deviation in dB of speckle of so many looks
        change = contrast - (dB - m) + (network(contrast, valid, noise) + offset_db) s**2 / (s**2 + FLAT_DB**2)

    contrast, noise and the network's output in units of SCALE_DB. A constant stays a constant.

    Args:
        db: (B, 1, H, W) decibels, finite; anything where invalid. valid: (B, 1, H, W). looks: (B, 1, 1, 1), > 0.
    """
    seen, clipped, weight = contrast_of(db, valid, looks)
    return clipped + (network(seen).float() * SCALE_DB + offset_db) * weight


def contrast_of(db: Any, valid: Any, looks: Any) -> tuple[Any, Any, Any]:
    """Of `change_db`: what the network sees (B, 3, H, W), contrast - (dB - m), and s**2 / (s**2 + FLAT_DB**2)."""
    xp, inside = namespace(db), as_float(valid, db)
    filled = xp.where(valid, db, 0.0)
    count = xp.clip(_window_sum(inside), 1.0, None)
    deviation = xp.where(valid, filled - _window_sum(filled) / count, 0.0)
    contrast = xp.clip(deviation, LOWEST_DB, None)
    variance = _window_sum(contrast * contrast) / count
    noise = log_noise_db(looks) / SCALE_DB
    seen = join([contrast / SCALE_DB, inside, spread(noise, contrast)])
    return seen, contrast - deviation, variance / (variance + FLAT_DB**2)


def log_noise_db(looks: Any) -> Any:
    """Standard deviation in dB of L-look speckle: 10 / ln 10 sqrt(trigamma(L)), trigamma by its asymptotic series."""
    trigamma = 1.0 / looks + 1.0 / (2.0 * looks**2) + 1.0 / (6.0 * looks**3)
    return 10.0 / np.log(10.0) * trigamma**0.5


def _window_sum(values: Any) -> Any:
    return box_sum(bordered(values, CENTRE_PX // 2), CENTRE_PX)
