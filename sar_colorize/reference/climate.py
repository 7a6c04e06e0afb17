"""What a place is like in a month, anywhere on Earth: temperature, rain, kinds of ground, and colour from afar.

One value for each degree, made by tools/climate.py: temperature and rain by month (mean of 2000 to 2025, ERA5 of the
Copernicus Climate Change Service), shares of land cover (MODIS MCD12C1 of 2019, IGBP classes, NASA LP DAAC), and the
colours of the Blue Marble Next Generation by month (NASA Earth Observatory, public domain).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE = Path(__file__).parent / "climate_1deg.npz"
LAND = ("forest", "shrub", "savanna", "grass", "wetland", "crop", "urban", "snow", "bare", "water")
"""Kinds of ground, in the order of their shares."""


def climate_at(longitude: float, latitude: float, months: tuple[int, int]) -> NDArray[np.float64]:
    """What changes between two months at a place, and what stays: (21,), each of the size of one.

    Args:
        longitude, latitude: degrees east and north. months: 1..12, from and to.
    """
    table, (old, new) = _table(), (month - 1 for month in months)
    row = int(np.clip(np.floor(90.0 - latitude), 0, 179))
    col = int(np.floor(longitude + 180.0)) % 360
    warm = table["temperature"][:, row, col] / 2.0
    rain = table["rain"][:, row, col] / 30.0
    lab = table["blue_marble"][:, :, row, col].astype(np.float64)
    return np.concatenate(
        [
            [warm[old] / 15.0, warm[new] / 15.0, (warm[new] - warm[old]) / 10.0],
            [rain[old] / 2.0 - 2.0, rain[new] / 2.0 - 2.0],
            table["land"][:, row, col] / 100.0,
            lab[new] / 20.0,
            (lab[new] - lab[old]) / 10.0,
        ]
    )


def weather_at(longitude: float, latitude: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Temperature in degrees and rain in mm a month, (12,) each, at degrees east and north."""
    table = _table()
    row, col = int(np.clip(np.floor(90.0 - latitude), 0, 179)), int(np.floor(longitude + 180.0)) % 360
    return table["temperature"][:, row, col] / 2.0, np.expm1(table["rain"][:, row, col] / 30.0)


@cache
def _table() -> dict[str, NDArray[np.int16]]:
    """Row 0 is 90..89 north, column 0 is 180..179 west; see tools/climate.py for the codes."""
    with np.load(TABLE) as file:
        return {name: file[name].astype(np.int16) for name in file.files}
