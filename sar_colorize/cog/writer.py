"""The writer of Cloud Optimized GeoTIFFs.

Blocks go by windows into a tiled GeoTIFF in a hidden folder beside the output, and overviews of a picture into others.
GDAL's COG driver turns them into the final file with its internal mask, which is renamed onto the output; the files of
one run together, see `publish`.
The driver's work is one long C call that nothing can interrupt, so it runs in a child process that ends at once when
this one gives up or dies.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..errors import OutputError, SettingError
from ..hidden_folder import HiddenFolder, remove_orphans
from ..raster import Grid, Raster, Window
from .builder import Builder, give_back, take
from .check import Tile, check_tiles, tiles_of
from .messages import cannot_write, gdal_errors
from .options import BLOCK_PX, creation_options, makes_usual_overviews
from .overviews import with_overviews
from .publish import check_output, publish

CACHE_BYTES = 64 << 20
"""GDAL's cache of decoded blocks in a child that builds a COG."""
_HARMLESS = re.compile(r"^Warning|PROJ:|proj\.db")


class CogWriter:
    """A context manager that takes blocks in any order and leaves a COG at `path`, or nothing.

    uint8 is a picture: an internal mask says where it is valid. float32 holds `nodata` (NaN unless given) where it
    is invalid, in every band. Blocks never written are invalid and take no room. The mask of the result equals the
    `valid` that was written, exactly.

    `write` may be called from any one thread at a time. Leaving the context by an exception, KeyboardInterrupt
    included, removes all that was written and leaves an older output untouched.

    Raises:
        SettingError: an unknown profile or option, a lossy profile for float32, a nodata value for a picture.
        OutputError: `path` exists and `overwrite` is false, is a folder, or its folder is missing or not writable.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        grid: Grid,
        *,
        bands: tuple[str, ...],
        dtype: str,
        profile: str = "deflate",
        options: Mapping[str, str] | None = None,
        nodata: float | None = None,
        tags: Mapping[str, str] | None = None,
        units: tuple[str, ...] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path, self.grid, self.bands, self.dtype = Path(path), grid, bands, dtype
        self.creation_options = creation_options(profile, options, dtype=dtype, bands=len(bands), nodata=nodata)
        self.nodata = math.nan if dtype == "float32" and nodata is None else nodata
        self.tags, self.units, self.overwrite = dict(tags or {}), units, overwrite
        if grid.height < 1 or grid.width < 1:
            raise SettingError(
                f"output grid must have at least one pixel, got {grid.height} x {grid.width}; choose a larger window"
            )
        check_output(self.path, overwrite=overwrite)
        self._lock = threading.Lock()
        self._dataset: Any = None
        self._hidden: HiddenFolder | None = None
        self._builder: Builder | None = None
        self.is_published = False
        self._tiles: set[Tile] = set()

    def __enter__(self) -> Self:
        self.open()
        return self

    def open(self) -> None:
        """Makes the hidden folder and the file in it that takes the blocks."""
        remove_orphans(self.path)
        self._hidden = HiddenFolder(self.path)
        try:
            self._dataset = self._create(self._hidden.path / "blocks.tif")
        except BaseException:
            self._hidden.remove()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
                publish([self])
        finally:
            self.close()

    def begin(self) -> None:
        """Ends the writing of blocks and has the Cloud Optimized GeoTIFF built, without waiting for it."""
        folder = self.hidden.path
        with self._lock:
            dataset, self._dataset = self._dataset, None
            with gdal_errors(self.path):
                dataset.close()
        check_tiles(folder / "blocks.tif", self.path, self._tiles)
        self._build(folder)

    def finish(self) -> None:
        """Waits for the file of `begin`, which is called if it was not; the file is still in the hidden folder."""
        if self._builder is None:
            self.begin()
        builder, self._builder = self._builder, None
        assert builder is not None
        is_whole = False
        try:
            code, lines = builder.result()
            is_whole = not code and not lines
        finally:
            give_back(builder, is_whole=is_whole)
        complaints = [line for line in lines if not _HARMLESS.search(line)]
        # The driver can report success with the end of the file lost on a full disk: libtiff only prints that.
        if code != 0 or complaints:
            raise cannot_write(self.path, complaints[0] if complaints else f"exit code {code}")

    def close(self) -> None:
        """Removes the hidden folder and what is in it; what was published stays. A second call does nothing."""
        if self._hidden is None:
            return
        builder, self._builder = self._builder, None
        if builder is not None:
            builder.close()
        with self._lock, contextlib.suppress(Exception):  # what GDAL says of a file that is thrown away is of no use
            dataset, self._dataset = self._dataset, None
            if dataset is not None:
                with gdal_errors(self.path):
                    dataset.close()
        self._hidden.remove()

    @property
    def hidden(self) -> HiddenFolder:
        """The hidden folder of a writer that is open."""
        if self._hidden is None:
            raise OutputError(f"writer of {self.path} must be open, got a closed one; open it first")
        return self._hidden

    def write(self, window: Window, raster: Raster) -> None:
        """Stores `raster` at `window`; its invalid pixels are invalid in the file whatever their values.

        Raises:
            SettingError: shape, type or bands differ from those declared, the window leaves the grid, or every
                band of a valid pixel holds the nodata value.
            OutputError: the disk is full, or the writer is closed.
        """
        self._check_block(window, raster)
        import rasterio
        from rasterio.windows import Window as RioWindow

        valid = raster.valid
        fill = 0 if self.nodata is None else self.nodata
        values = raster.values if valid.all() else np.where(valid, raster.values, raster.values.dtype.type(fill))
        if self.nodata is not None and bool((valid & _equals(raster.values, self.nodata).all(axis=0)).any()):
            raise SettingError(
                f"valid pixels must differ from the nodata value, got {self.nodata} at window {window}; "
                f"mark them as invalid or choose another nodata value"
            )
        rio_window = RioWindow(window.col, window.row, window.width, window.height)
        with self._lock:
            if self._dataset is None:
                raise OutputError(f"writer of {self.path} must be open, got a closed one; write inside its context")
            with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), gdal_errors(self.path):
                self._dataset.write(values, window=rio_window)
                if self.nodata is None:
                    self._dataset.write_mask(valid, window=rio_window)
            self._tiles |= tiles_of(window, valid)

    def _check_block(self, window: Window, raster: Raster) -> None:
        if raster.bands != self.bands or raster.values.dtype != self.dtype or raster.valid.shape != window.shape:
            raise SettingError(
                f"block must be {self.dtype} {self.bands} of {window.shape} pixels, got {raster.values.dtype} "
                f"{raster.bands} of {raster.valid.shape}; write what the writer was opened for"
            )
        if window.intersect(self.grid.window) != window:
            raise SettingError(
                f"window must be inside the grid of {self.grid.height} x {self.grid.width}, got {window}; crop it"
            )

    def _create(self, path: Path) -> Any:
        """The tiled file that takes the blocks, open for writing; nothing in it is valid yet."""
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning
        from rasterio.windows import Window as RioWindow

        # The mask in a file of its own: libtiff finds a second directory through the first, and where a full disk lost
        # that it goes in circles for ever.
        # Uncompressed: ZSTD level 1 would save an eighth of noisy pictures, and rewritten blocks would leave gaps.
        profile: dict[str, Any] = {"interleave": "pixel"}
        profile |= {"photometric": "RGB"} if self._is_rgb else {}
        # rasterio would take an identity transform for none.
        profile |= {} if self.grid.transform is None else {"transform": self.grid.transform}
        with (
            warnings.catch_warnings(),
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False, GDAL_PAM_ENABLED=False),
            gdal_errors(self.path),
        ):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(
                path, "w", driver="GTiff", height=self.grid.height, width=self.grid.width, count=len(self.bands),
                dtype=self.dtype, crs=self.grid.crs_wkt, nodata=self.nodata, tiled=True, blockxsize=BLOCK_PX,
                blockysize=BLOCK_PX, bigtiff="YES", sparse_ok=True, **profile,
            )  # fmt: skip
            dataset.update_tags(**self.tags)
            dataset.descriptions = self.bands
            if self.units is not None:
                dataset.units = self.units
            if self.nodata is None:  # without this a file that gets no block would have no mask: all valid
                dataset.write_mask(np.zeros((1, 1), bool), window=RioWindow(0, 0, 1, 1))
        return dataset

    @property
    def _is_rgb(self) -> bool:
        return self.dtype == "uint8" and len(self.bands) == 3

    def _build(self, folder: Path) -> None:
        """Has folder/cog.tif built from folder/blocks.tif, in a child process."""
        temporary = folder / "temporary"
        temporary.mkdir(exist_ok=True)
        source = folder / "blocks.tif"
        if self.nodata is None and makes_usual_overviews(self.creation_options):
            source = with_overviews(source, self.path)
        job = {
            "source": str(source),
            "target": str(folder / "cog.tif"),
            "options": self.creation_options,
            # The driver's own temporary files belong into the folder too, whatever the environment says; its cache
            # would be a twentieth of the machine.
            "config": {
                "CPL_TMPDIR": str(temporary),
                "GDAL_TIFF_INTERNAL_MASK": True,
                "GDAL_PAM_ENABLED": False,
                "GDAL_CACHEMAX": CACHE_BYTES,
            },
        }
        try:
            self._builder = take()
        except OSError as error:  # no file or no process may be opened any more
            raise cannot_write(self.path, error.strerror or str(error)) from error
        self._builder.begin(job)


def _equals(values: np.ndarray, nodata: float) -> np.ndarray:
    equal: np.ndarray = np.isnan(values) if math.isnan(nodata) else values == values.dtype.type(nodata)
    return equal
