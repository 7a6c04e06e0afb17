"""Lazy arrays are bounded before dask lists their blocks."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.errors import SettingError
from sar_colorize.raster import Grid, Window
from sar_colorize.run.lazy import lazy_blocks


def test_a_lazy_array_of_too_many_blocks_is_refused_before_they_are_listed() -> None:
    """A raster of 2,000,000 x 40,000 px took minutes and 2 GB before its first block."""
    window = Window(0, 0, 64_000, 64_000)
    with pytest.raises(SettingError, match=r"block_px must be larger for a lazy array .* 1,000,000 blocks"):
        lazy_blocks(Grid(64_000, 64_000), window, 64, ("a",), np.uint8, lambda _: None)
