"""Dated pixels as a table: colours of haze-free ground, decibels, place and month."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sar_colorize.color import render_reflectance, srgb_to_lab

HAZE = (0.03, 0.05, 0.08)
"""Reflectance in B4, B3, B2 that the air adds at the top of the atmosphere: the dark value of level L1C."""
LAB = ["L", "a", "b"]


def lab_of(reflectance: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 3) CIE Lab of (N, 3) reflectance 0..1 in B4, B3, B2."""
    pixels = render_reflectance(reflectance.astype(np.float32)).T[:, :, None]
    lab: NDArray[np.float32] = srgb_to_lab(pixels)[:, :, 0].T
    return lab


def read_pixels(path: Path) -> pd.DataFrame:
    """The pixels that are no cloud, with L, a and b."""
    table = pd.read_parquet(path)
    table = table[~table.cloud_suspect].copy()
    haze = np.where((table.level == "L1C").to_numpy()[:, None], np.array([HAZE]), 0)
    table[LAB] = lab_of(np.clip(table[["b4", "b3", "b2"]].to_numpy() - haze, 0, 1))
    table["source"] = table.source.astype(str)
    return table
