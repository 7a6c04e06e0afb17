"""GDAL as every entry point runs it."""

from __future__ import annotations

from typing import Any

GDAL_CACHE_BYTES = 256 << 20
"""GDAL's own cache of decoded blocks; its default is a twentieth of the machine, which is not bounded by the block."""


def bounded_gdal() -> Any:
    """GDAL with a bounded cache."""
    import rasterio

    return rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES)
