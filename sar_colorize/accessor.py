"""`da.sar` of every xarray DataArray, once this module is imported.

    import sar_colorize.accessor
    import rioxarray

    scene = rioxarray.open_rasterio("scene.tif", chunks=True)
    rgba = scene.sar.colorize(reference="earlier.tif")
    smooth = scene.sar.despeckle(filter="lee", size=7)

It is a module of its own because `import sar_colorize` loads no xarray.
"""

from __future__ import annotations

from typing import Any

import xarray

from .api import colorize, despeckle, info, open_scene
from .api.output import PathLike
from .scene import Scene


@xarray.register_dataarray_accessor("sar")  # type: ignore[no-untyped-call]
class SarAccessor:
    """The public functions, of a DataArray (band, y, x) or (y, x) of radar values; `help(sc.colorize)` has keywords."""

    def __init__(self, array: xarray.DataArray) -> None:
        self._array = array

    def colorize(self, output: PathLike | None = None, **settings: Any) -> Any:
        """As `sar_colorize.colorize`: a lazy DataArray with red, green, blue, alpha; with an output a `Result`."""
        return colorize(self._array, output, **settings)

    def despeckle(self, output: PathLike | None = None, **settings: Any) -> Any:
        """As `sar_colorize.despeckle`: a lazy DataArray in the unit it came in; with an output a `Result`."""
        return despeckle(self._array, output, **settings)

    def info(self, **settings: Any) -> dict[str, Any]:
        """As `sar_colorize.info`: bands, unit, scale and grid, and why we think so."""
        return info(self._array, **settings)

    def scene(self, **reading: Any) -> Scene:
        """As `sar_colorize.open_scene`: what the functions above read."""
        return open_scene(self._array, **reading)
