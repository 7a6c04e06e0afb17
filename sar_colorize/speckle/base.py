"""What every speckle filter is, and the normalised window sums that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from ..errors import SettingError

DEFAULT_LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRDH (Sentinel-1 Product Definition, S1-RS-MDA-52-7440, table 5-1)."""


@dataclass(frozen=True)
class Filter:
    """A speckle filter: its window in pixels and the looks of the data.

    `apply` takes power of shape (..., H, W), float32, and its validity of shape (H, W); it returns float32 of the same
    shape with NaN where invalid. Invalid pixels and everything beyond the array count for nothing: sums are divided by
    the number of valid pixels in the window.
    """

    name: ClassVar[str] = ""
    default_size_px: ClassVar[int] = 5
    size_px: int = 5
    looks: float = DEFAULT_LOOKS

    def __post_init__(self) -> None:
        if self.size_px < 1 or self.size_px > 31 or self.size_px % 2 == 0:
            raise SettingError(
                f"size must be an odd number of pixels from 3 to 31, got {self.size_px}; 5 or 7 is usual"
            )
        if not self.looks > 0:
            raise SettingError(f"looks must be above 0, got {self.looks}; Sentinel-1 IW GRDH has {DEFAULT_LOOKS}")

    @property
    def halo_px(self) -> int:
        """How many pixels around a block the filter must see."""
        return self.size_px // 2

    def apply(self, power: Any, valid: Any) -> Any:
        """Filtered power, NaN where invalid."""
        raise NotImplementedError


@dataclass(frozen=True)
class NoFilter(Filter):
    """Leaves the speckle where it is."""

    name: ClassVar[str] = "none"
    default_size_px: ClassVar[int] = 1

    @property
    def halo_px(self) -> int:
        return 0

    def apply(self, power: Any, valid: Any) -> Any:
        return namespace(power).where(valid, power, np.nan)


def window_sum(values: Any, size_px: int) -> Any:
    """Sum over the size_px x size_px window around each pixel, zeros beyond the border.

    Args:
        values: (..., H, W), numpy or torch, finite.
        size_px: odd window width.

    Returns:
        Same shape. Every pixel's terms are added in the same order wherever it stands, so that two blocks agree to
        the last bit; a running sum would not.
    """
    radius = size_px // 2
    xp = namespace(values)
    if xp is np:
        padded = np.pad(values, [(0, 0)] * (values.ndim - 2) + [(radius, radius)] * 2)
    else:
        padded = xp.nn.functional.pad(values, (radius, radius, radius, radius))
    return _sum_along(_sum_along(padded, size_px, -1), size_px, -2)


def _sum_along(x: Any, count: int, axis: int) -> Any:
    """Sum of `count` neighbours along the last (-1) or the last but one (-2) axis, by doubling."""

    def take(array: Any, start: int, stop: int) -> Any:
        return array[..., start:stop] if axis == -1 else array[..., start:stop, :]

    length = x.shape[axis] - count + 1
    total, offset, width = None, 0, 1
    while True:
        if count & 1:
            part = take(x, offset, offset + length)
            total = part if total is None else total + part
            offset += width
        count >>= 1
        if not count:
            return total
        x = take(x, 0, x.shape[axis] - width) + take(x, width, x.shape[axis])
        width *= 2
