"""GDAL as every reader of rasters uses it: a bounded cache, few formats, its errors, values with their validity.

GDAL knows 150 formats and takes the format from the content, whatever a file is called. Some of them lead to other
files, to servers or to Python code: virtual rasters, web services, catalogues. So a raster opens with a few formats
that hold their own pixels, and only those (FORMATS); virtual rasters are another matter: see `vrt`.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SarColorizeError, UnreadableError, way_out
from ..raster import Bool, Window
from .names import is_local

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

GDAL_CACHE_BYTES = 256 << 20
"""GDAL's own cache of decoded blocks; its default is a twentieth of the machine, which is not bounded by the block."""
WIDEST_TILE_PX = 2048
"""Rasters in wider blocks are read by one handle."""
_opening = threading.Lock()
_CACHE = "GDAL_CACHEMAX"
BLOCK_BYTES = 512 << 20
"""Of all bands that are stored together: a larger block cannot be decoded in bounded memory."""
TIFF = ("GTiff",)
FORMATS = (
    *TIFF,
    "SNAP_TIFF",
    "ENVI",
    "HFA",
    "EHdr",
    "SAGA",
    "JP2OpenJPEG",
    "JP2KAK",
    "PNG",
    "JPEG",
    "WEBP",
    "BMP",
    "GIF",
)
"""GDAL's names of the formats of which a raster may be: each holds its own pixels, in one file or beside its header."""
FORMAT_NAMES = "GeoTIFF, ENVI, ERDAS Imagine, EHdr, SAGA, JPEG 2000, PNG, JPEG, WebP, BMP or GIF"
_COORDINATES = 1e9
"""The farthest that a corner may lie from the origin of a CRS: in metres, 25 times around the Earth."""
OWN_VRT = "<VRTDataset"
"""What a virtual raster begins with that this program wrote; no user names one so, see `names.check_name`."""
_LEADS_ELSEWHERE = ("OVERVIEWS", "GEOLOCATION")
"""Domains of metadata that may name another file, which GDAL would open as whatever it is."""
HTTP_PATIENCE = {
    "GDAL_HTTP_CONNECTTIMEOUT": 20,
    "GDAL_HTTP_LOW_SPEED_TIME": 10,
    "GDAL_HTTP_LOW_SPEED_LIMIT": 1000,
    "GDAL_HTTP_MAX_RETRY": 1,
    "GDAL_HTTP_RETRY_DELAY": 1,
}
"""Seconds until a server must answer; seconds at under so many bytes a second until it is given up; and how often it is
asked again. GDAL alone waits for ever. A download that is slow and goes on has no limit; variables of the environment
of these names count instead."""


class Handles(threading.local):
    """One open dataset for each thread: GDAL's datasets must not be shared between threads."""

    dataset: DatasetReader | None = None
    lock: AbstractContextManager[Any] = nullcontext()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Handles, ()


class OneHandle:
    """One open dataset for all threads, of which one reads at a time."""

    def __init__(self) -> None:
        self.dataset: DatasetReader | None = None
        self.lock: AbstractContextManager[Any] = threading.Lock()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return OneHandle, ()


def handles_for(block_shape: tuple[int, int]) -> Handles | OneHandle:
    """How threads read a raster that is stored in blocks of so many rows and columns.

    Whole rows are decoded once for all blocks of a run that lie side by side, as long as GDAL's cache keeps them: a
    handle for each thread would decode them once for each thread, and keep them as often.
    """
    return Handles() if block_shape[1] <= WIDEST_TILE_PX else OneHandle()


def bounded_gdal() -> Any:
    """GDAL with a bounded cache, as a context; the environment's own bound counts instead."""
    import rasterio

    return rasterio.Env() if _CACHE in os.environ else rasterio.Env(**{_CACHE: GDAL_CACHE_BYTES})


def _bound_cache() -> None:
    """Lowers GDAL's cache, which all of this process shares, to `GDAL_CACHE_BYTES` unless a user has set another."""
    from rasterio.env import get_gdal_config, getenv, hasenv, set_gdal_config

    is_users = _CACHE in os.environ or (hasenv() and _CACHE in getenv())
    if not is_users and get_gdal_config(_CACHE) > GDAL_CACHE_BYTES:
        set_gdal_config(_CACHE, GDAL_CACHE_BYTES)


def _patient_with(source: str) -> Any:
    """Bounded patience with the server of a source, as a context; each thread that reads needs its own."""
    import rasterio

    if is_local(source):
        return nullcontext()
    return rasterio.Env(**{name: value for name, value in HTTP_PATIENCE.items() if name not in os.environ})


def open_quietly(
    location: str, formats: Sequence[str] = FORMATS, *, alone: bool = False, overview: int | None = None
) -> DatasetReader:
    """Opens a raster of a few formats, without the warning that it has no georeference: the scene's notes say it.

    GDAL 3.10's driver SNAP_TIFF takes the one-band files of SNAP and reads no grid but tie points; where there is a
    grid, GDAL's usual driver for GeoTIFF keeps it.

    Args:
        location: a path, a name of GDAL's, a URL, or the XML of a virtual raster that this program wrote.
        formats: GDAL's names of those that are tried.
        alone: whether files beside it (masks, overviews, metadata) are left alone.
        overview: number of the overview that is opened in its place, from 0.

    Raises:
        UnreadableError: metadata that lead to another file, or blocks that are too large.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    _bound_cache()
    options: dict[str, Any] = {}
    if location.startswith(OWN_VRT):
        formats = ("VRT",)
        options["GDAL_VRT_RAWRASTERBAND_ALLOWED_SOURCE"] = "ALL"  # from GDAL 3.12 on others are refused
    elif alone:
        options["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    # Filters of warnings belong to the process: two threads at once would leave one's to the other.
    with (
        _opening if is_local(location) else nullcontext(),
        warnings.catch_warnings(),
        rasterio.Env(**options) if options else nullcontext(),
    ):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = _reader(location, formats, overview)
        if dataset.driver == "SNAP_TIFF":
            usual = _reader(location, TIFF, overview)
            if usual.transform.is_identity:
                usual.close()
            else:
                dataset.close()
                dataset = usual
    try:
        _refuse_what_is_unbounded(dataset)
    except BaseException:
        dataset.close()
        raise
    return dataset


def _reader(location: str, formats: Sequence[str], overview: int | None) -> DatasetReader:
    """`rasterio.open` with several formats, which it does not offer itself."""
    import rasterio
    from rasterio.env import ensure_env_with_credentials

    options: dict[str, Any] = {} if overview is None else {"OVERVIEW_LEVEL": overview}

    def read(name: str) -> DatasetReader:
        return rasterio.DatasetReader(name, driver=list(formats), **options)

    opened: DatasetReader = ensure_env_with_credentials(read)(location)
    return opened


def _refuse_what_is_unbounded(dataset: DatasetReader) -> None:
    for domain in _LEADS_ELSEWHERE:
        own = dataset.driver == "SNAP_TIFF" and domain == "GEOLOCATION"  # made by the driver, of the file itself
        if dataset.tags(ns=domain) and not own:
            raise UnreadableError(
                f"raster must hold its own pixels, got metadata {domain} that lead to another file in "
                f"{dataset.name:.200}; copy it with gdal_translate"
            )
    together = dataset.count if dataset.interleaving is not None and dataset.interleaving.name == "pixel" else 1
    for (rows, columns), dtype in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        if rows * columns * _BYTES.get(dtype, 16) * together > BLOCK_BYTES:
            raise UnreadableError(
                f"raster must be stored in blocks of at most {BLOCK_BYTES >> 20} MB, got {columns} x {rows} px of "
                f"{dtype} in {dataset.name:.200}; store it in tiles, for example with gdal_translate -co TILED=YES"
            )


_BYTES = {"uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "uint32": 4, "int32": 4, "float32": 4, "float64": 8}


@contextmanager
def readable_by_gdal(
    source: str, what: str = "input", error: type[SarColorizeError] = UnreadableError
) -> Iterator[None]:
    """GDAL's errors, and those of numpy and Python about what GDAL gave, as one sentence.

    Args:
        source: the name of the raster, for messages.
        what: the setting that named it.
        error: what is raised.
    """
    from rasterio._err import CPLE_BaseError  # GDAL's errors of which rasterio makes none of its own
    from rasterio.errors import CRSError, RasterioError, RasterioIOError, RPCError

    try:
        with _patient_with(source):
            yield
    except RasterioIOError as reason:
        detail, mend = one_line(reason), "if it is truncated, copy or download it again"
        if "not recognized as being in a supported file format" in detail:
            detail, mend = "of no known format", f"formats are {FORMAT_NAMES}: convert others with gdal_translate"
        if (host := _host(source)) is not None:
            mend = f"{host} may be slow or break off: try again, or download the file first"
        raise error(
            f"{what} must be a raster that GDAL reads, got {source} ({detail}); {way_out(reason, mend)}"
        ) from reason
    except (RasterioError, CPLE_BaseError, CRSError, RPCError, UnicodeError, OverflowError) as reason:
        raise error(
            f"{what} must be a raster that GDAL reads, got {source} ({one_line(reason)}); copy or download it again"
        ) from reason
    except MemoryError as reason:
        raise error(
            f"{what} must fit in memory part by part, got {source}, of which a part does not; store it in tiles, for "
            "example with gdal_translate -co TILED=YES"
        ) from reason


def _host(source: str) -> str | None:
    """The server that a name of a source leads to; None where it names none."""
    found = re.search(r"https?://([^/?#]+)", source, re.IGNORECASE)
    return found[1].rpartition("@")[2] if found else None


def one_line(error: BaseException) -> str:
    """The last line of an error's message, or the name of its kind."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".")[:300] if lines else type(error).__name__


def alpha_bands(dataset: DatasetReader) -> list[int]:
    """Numbers, from 1, of the bands that hold opacity."""
    return [i for i, kind in zip(dataset.indexes, dataset.colorinterp, strict=True) if kind.name == "alpha"]


def is_scaled(dataset: DatasetReader) -> bool:
    """Whether a band has a scale or an offset."""
    return any(scale != 1.0 for scale in dataset.scales) or any(offset != 0.0 for offset in dataset.offsets)


def read_valid(
    dataset: DatasetReader, indexes: tuple[int, ...], window: Window, nodata: tuple[float, ...]
) -> tuple[NDArray[np.float32], Bool]:
    """Values of bands (numbers from 1), scale and offset applied, and where all of them are valid."""
    import rasterio
    from rasterio.enums import MaskFlags

    part: Any = rasterio.windows.Window(window.col, window.row, window.width, window.height)
    raw = dataset.read(list(indexes), window=part)
    valid = np.ones(window.shape, dtype=bool)
    for position, index in enumerate(indexes):
        if MaskFlags.all_valid not in dataset.mask_flag_enums[index - 1]:
            valid &= dataset.read_masks(index, window=part) != 0
        for value in nodata:
            valid &= raw[position] != value
    for index in alpha_bands(dataset):  # GDAL makes no mask of an alpha band of floats
        valid &= dataset.read(index, window=part) != 0
    with np.errstate(over="ignore", invalid="ignore"):  # what leaves float32 is infinite, and so invalid
        values = raw.astype(np.float32)
        for position, index in enumerate(indexes):
            scale, offset = dataset.scales[index - 1], dataset.offsets[index - 1]
            if scale != 1.0 or offset != 0.0:
                values[position] = raw[position] * scale + offset
    valid &= np.isfinite(values).all(axis=0)
    return values, valid


def is_usable(transform: Any) -> bool:
    """Whether a transform is finite, can be turned around, and lies where a CRS may be."""
    numbers = tuple(transform)[:6]
    if not all(np.isfinite(numbers)) or max(map(abs, numbers)) > _COORDINATES:
        return False
    area = abs(transform.a * transform.e - transform.b * transform.d)
    return bool(area > 1e-24)
