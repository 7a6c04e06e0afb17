"""An openEO user-defined function: Sentinel-1 backscatter of a cube to colours, for back ends that have sar-colorize.

A back end calls `apply_datacube` with a piece of the cube at a time. So nothing may be fitted to a piece: palette and
offset are fixed here, and pieces should overlap by 64 pixels (`apply_neighborhood`), which are cut away again.
"""

import numpy as np
import xarray

import sar_colorize as sc

FIXED = {"unit": "power", "palette": "none", "reference": "none", "offset_db": 0.0}


def apply_datacube(cube: xarray.DataArray, context: dict) -> xarray.DataArray:
    """Red, green and blue, 0 to 255, NaN where the radar is; of each date, where the cube has dates.

    Args:
        cube: (t, bands, y, x) or (bands, y, x), linear power; bands VV and VH, or VV.
        context: keywords of `sar_colorize.colorize` in place of those in FIXED, such as {"model": "colorsar-sar"}.
    """
    settings = FIXED | dict(context or {})
    if "t" in cube.dims:
        return xarray.concat([_colours(cube.isel(t=i), settings) for i in range(cube.sizes["t"])], dim=cube["t"])
    return _colours(cube, settings)


def _colours(date: xarray.DataArray, settings: dict) -> xarray.DataArray:
    """(bands, y, x) of one date."""
    radar = date.transpose("bands", "y", "x").rename(bands="band").astype(np.float32)
    rgba = sc.colorize(radar, **settings).values.astype(np.float32)
    values = np.where(rgba[3] > 0, rgba[:3], np.float32(np.nan))
    coords = {"bands": ["red", "green", "blue"]} | {name: date[name] for name in ("y", "x") if name in date.coords}
    return xarray.DataArray(values, dims=("bands", "y", "x"), coords=coords)
