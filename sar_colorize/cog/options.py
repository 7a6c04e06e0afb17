"""What GDAL's COG driver is told: profiles as data, overrides proven by GDAL itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ..errors import SettingError
from .messages import gdal_records, sentence

BLOCK_PX = 512
LARGEST_BLOCK_PX = 4096
"""GDAL holds several blocks at once, and ends the process where it gets no memory for one."""

PROFILES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "deflate": MappingProxyType({"COMPRESS": "DEFLATE", "LEVEL": "1", "PREDICTOR": "YES"}),
        "zstd": MappingProxyType({"COMPRESS": "ZSTD", "LEVEL": "1", "PREDICTOR": "YES"}),
        "webp": MappingProxyType({"COMPRESS": "WEBP", "QUALITY": "85"}),
        "jpeg": MappingProxyType({"COMPRESS": "JPEG", "QUALITY": "85"}),
    }
)
"""Profile name -> creation options of GDAL's COG driver.

Level 1 of DEFLATE takes half the time of level 6 for 2 % more room; the predictor saves a third of a picture.
"""

_COMMON = {
    "BLOCKSIZE": str(BLOCK_PX),
    "OVERVIEW_RESAMPLING": "AVERAGE",
    "NUM_THREADS": "ALL_CPUS",
    "BIGTIFF": "IF_SAFER",
    "SPARSE_OK": "YES",
}
_LOSSY = {"JPEG", "WEBP"}
# These make the driver warp or add a band: the grid and the bands would not be the caller's any more.
_MOVES_PIXELS = {"TILING_SCHEME", "TARGET_SRS", "RES", "EXTENT", "ADD_ALPHA"}


def creation_options(
    profile: str, options: Mapping[str, str] | None, *, dtype: str, bands: int, nodata: float | None
) -> dict[str, str]:
    """The COG driver's options of a profile, overridden by `options`, proven by GDAL on a picture of one block.

    Raises:
        SettingError: GDAL refuses one, or they would lose data: see CogWriter.
    """
    if profile not in PROFILES:
        raise SettingError(f"profile must be one of {', '.join(PROFILES)}, got {profile!r}; deflate is lossless")
    if dtype not in ("uint8", "float32"):
        raise SettingError(f"dtype of an output must be uint8 or float32, got {dtype}; convert the blocks")
    wanted = {key.upper(): str(value) for key, value in (options or {}).items()}
    if moving := sorted(_MOVES_PIXELS & wanted.keys()):
        raise SettingError(
            f"creation options must keep grid and bands as they are, got {moving[0]}={wanted[moving[0]]}; "
            f"warp the finished file with gdalwarp"
        )
    # Another codec brings its own level and predictor.
    codec = wanted.get("COMPRESS", "").lower()
    merged = _COMMON | dict(PROFILES.get(codec, {}) if codec else PROFILES[profile]) | wanted
    lossy = merged.get("COMPRESS", "").upper() in _LOSSY
    if lossy and dtype != "uint8":
        raise SettingError(f"compression of float32 must be lossless, got {merged['COMPRESS']}; use deflate or zstd")
    if nodata is not None and dtype == "uint8":
        raise SettingError(
            f"nodata of a picture must be left out, got {nodata:g}{' with ' + merged['COMPRESS'] if lossy else ''}; "
            f"its internal mask says where it is valid, and a lossy codec would corrupt a nodata value"
        )
    if merged["COMPRESS"].upper() == "WEBP" and bands != 3:
        raise SettingError(f"WEBP must have 3 bands, got {bands}; use deflate or zstd")
    block = merged["BLOCKSIZE"].strip().lstrip("+")
    if block.isdecimal() and int(block) > LARGEST_BLOCK_PX:
        raise SettingError(f"BLOCKSIZE must be at most {LARGEST_BLOCK_PX}, got {block}; {BLOCK_PX} is usual")
    _prove(merged, dtype=dtype, bands=bands)
    return merged


def _prove(options: Mapping[str, str], *, dtype: str, bands: int) -> None:
    """Lets GDAL build a tiny COG in memory: it knows its options and their values best."""
    import rasterio.shutil
    from rasterio.io import MemoryFile

    with MemoryFile() as source, MemoryFile(ext=".tif") as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with source.open(driver="GTiff", height=16, width=16, count=bands, dtype=dtype, interleave="pixel") as dataset:
            dataset.write(np.zeros((bands, 16, 16), dtype))
        with gdal_records(logging.WARNING) as complaints:
            try:
                rasterio.shutil.copy(source.name, target.name, driver="COG", **options)
            except Exception as error:  # noqa: BLE001 - GDAL's errors have no public base class
                complaints.append(str(error))
    if complaints:
        raise SettingError(
            f"creation options must be such as GDAL's COG driver takes, got {sentence(complaints[0])}; "
            f"see https://gdal.org/drivers/raster/cog.html"
        )


def makes_usual_overviews(options: Mapping[str, str]) -> bool:
    """Whether the driver would make overviews as `overviews` does: means, halved down to one block."""
    usual = {"OVERVIEW_RESAMPLING": "AVERAGE", "OVERVIEWS": "AUTO", "BLOCKSIZE": str(BLOCK_PX)}
    own = {"RESAMPLING", "OVERVIEW_COUNT"}
    return own.isdisjoint(options) and all(options.get(key, value).upper() == value for key, value in usual.items())
