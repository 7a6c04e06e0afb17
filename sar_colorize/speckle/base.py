"""What every speckle filter is, and how it runs over an array piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from ..arrays import as_float, namespace
from ..errors import SettingError
from ..heap import keep_freed_memory

DEFAULT_LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRDH (Sentinel-1 Product Definition, S1-RS-MDA-52-7440, table 5-1)."""
LEAST_LOOKS, MOST_LOOKS = 0.01, 1e6
"""What looks may be: with fewer or more, single precision ends in no number."""
LOOKS_TEXT = "from 0.01 to 1000000"

MOST_POWER = 1e12
"""120 dB; what is more, or as far below 0, counts as that: else sums of its square leave single precision."""
PIECE_PX = 256
"""Numpy arrays are filtered in squares of this side: what a piece needs stays in a core's cache."""


def is_number_of_looks(looks: float) -> bool:
    """Whether a filter can be given that many looks."""
    return LEAST_LOOKS <= looks <= MOST_LOOKS


@dataclass(frozen=True)
class Filter:
    """A speckle filter: its window in pixels and the looks of the data.

    `apply` takes power of shape (..., H, W), float32, and its validity of shape (H, W); it returns float32 of the same
    shape with NaN where invalid. Invalid pixels and everything beyond the array count for nothing: sums are divided by
    the number of valid pixels in the window. Each pixel depends on its window alone, and its terms are added in the
    same order wherever it stands, so that two blocks agree to the last bit.
    """

    name: ClassVar[str] = ""
    default_size_px: ClassVar[int] = 5
    smallest_size_px: ClassVar[int] = 3
    default_looks: ClassVar[float] = DEFAULT_LOOKS
    default_looks_reason: ClassVar[str] = "those of Sentinel-1 IW GRDH"
    """Why `default_looks`, in words that follow them."""
    has_network: ClassVar[bool] = False
    uses_looks: ClassVar[bool] = True
    """Whether it runs on a device in a precision."""
    size_px: int = 5
    looks: float = DEFAULT_LOOKS

    def __post_init__(self) -> None:
        smallest = self.smallest_size_px
        if not smallest <= self.size_px <= 31 or self.size_px % 2 == 0:
            raise SettingError(
                f"size must be an odd number of pixels from {smallest} to 31, got {self.size_px}; 5 or 7 is usual"
            )
        if not is_number_of_looks(self.looks):
            raise SettingError(
                f"looks must be a number {LOOKS_TEXT}, got {self.looks}; Sentinel-1 IW GRDH has {DEFAULT_LOOKS}"
            )

    @property
    def halo_px(self) -> int:
        """How many pixels around a block the filter must see."""
        return self.size_px // 2

    def apply(self, power: Any, valid: Any) -> Any:
        """Filtered power, NaN where invalid."""
        xp = namespace(power)
        if xp is not np:
            bounded = xp.where(valid, power, 0.0).clamp(-MOST_POWER, MOST_POWER)
            filled = xp.nn.functional.pad(bounded, (self.halo_px,) * 4)
            present = xp.nn.functional.pad(as_float(valid, power), (self.halo_px,) * 4)
            return xp.where(valid, self._estimate(filled, present), np.nan)
        keep_freed_memory()
        out = np.empty_like(power)
        for row, col in product(range(0, power.shape[-2], PIECE_PX), range(0, power.shape[-1], PIECE_PX)):
            piece = (..., slice(row, row + PIECE_PX), slice(col, col + PIECE_PX))
            out[piece] = self._piece(power, valid, row, col)
            if not valid[piece].all():
                out[piece][..., ~valid[piece]] = np.nan
        return out

    def _piece(self, power: Any, valid: Any, row: int, col: int) -> Any:
        """The estimate of the piece that begins at a row and a column of a numpy array."""
        present = _with_halo(valid, row, col, self.halo_px)
        filled = np.clip(_with_halo(power, row, col, self.halo_px), np.float32(-MOST_POWER), np.float32(MOST_POWER))
        if present.all():
            return self._estimate(filled, None)
        if not present.any():
            return np.float32(0.0)
        return self._estimate(np.where(present, filled, np.float32(0.0)), as_float(present, power))

    def _estimate(self, power: Any, present: Any) -> Any:
        """Filtered power of (..., h, w) from (..., h + 2 halo_px, w + 2 halo_px), which stays as it is.

        Args:
            power: 0 where invalid. present: 1 where valid and 0 elsewhere; None where all of it is valid.

        Returns:
            Finite; anything where invalid.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class NoFilter(Filter):
    """Leaves the speckle where it is."""

    name: ClassVar[str] = "none"
    uses_looks: ClassVar[bool] = False
    default_size_px: ClassVar[int] = 1
    smallest_size_px: ClassVar[int] = 1

    @property
    def halo_px(self) -> int:
        """None around a block."""
        return 0

    def apply(self, power: Any, valid: Any) -> Any:
        """The power as it is, NaN where invalid."""
        return namespace(power).where(valid, power, np.nan)


def _with_halo(values: Any, row: int, col: int, halo_px: int) -> Any:
    """A piece of a numpy array with its halo, close together in memory; zeros, or false, beyond the array."""
    height, width = values.shape[-2:]
    top, left = max(0, row - halo_px), max(0, col - halo_px)
    bottom, right = min(height, row + PIECE_PX), min(width, col + PIECE_PX)
    inner = values[..., top : min(height, bottom + halo_px), left : min(width, right + halo_px)]
    pad = [
        (top - row + halo_px, max(0, bottom + halo_px - height)),
        (left - col + halo_px, max(0, right + halo_px - width)),
    ]
    return np.pad(inner, [(0, 0)] * (values.ndim - 2) + pad) if np.any(pad) else np.ascontiguousarray(inner)
