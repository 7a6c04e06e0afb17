"""The files of a coloured scene: the picture, and beside it what else is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..cog import Beside, CogWriter, Moments, Quicklook, item_path
from ..colorizer import ERROR, KINDS, MEMORY, RGB, Colorizer, Loaded
from ..palette.world import KINDS as NAMES
from ..raster import Grid, Raster, Window
from ..run.plan import FLOATS, LOSSY, PICTURE, Output
from ..run.to_file import Counted, Rasters
from ..scene import Scene
from .output import LOSSLESS, PathLike, Target
from .stac_item import item_of

_CODES, _CODES_PER_UNIT = 256, np.float32(10.0)
"""Of the expected error, as a painter gives it."""
_OPTIONS = {KINDS: {"OVERVIEW_RESAMPLING": "MODE"}, (ERROR,): {"PREDICTOR": "NO"}}
"""Of GDAL's COG driver, where the bands need others. Without a predictor the few values of an error take two thirds of
the room."""
HALF = 50
"""Percent of a pixel from which on it counts as remembered, or as changed."""


@dataclass(frozen=True)
class PictureFiles:
    """Where a run writes."""

    output: PathLike | None
    uncertainty: PathLike | None
    memory: PathLike | None
    classes: PathLike | None
    quicklook: PathLike | None = None
    taken: Moments | None = None
    """When the scene was, where a STAC item is wanted."""

    @property
    def item(self) -> Path | None:
        """Where the STAC item goes; None without one."""
        return None if self.taken is None or self.output is None else item_path(self.output)

    @property
    def given(self) -> list[PathLike]:
        """The rasters that are written."""
        return [path for path in (self.output, self.uncertainty, self.memory, self.classes) if path is not None]

    def written(self, path: PathLike | None, *, dry_run: bool) -> str | None:
        """The path of one for a result; None where nothing is written."""
        return None if dry_run or path is None else os.fspath(path)


def writers_of(target: Target, files: PictureFiles, grid: Grid, tags: dict[str, str]) -> list[CogWriter]:
    """One for each file."""
    writers = []
    if files.output is not None:
        writers.append(target.writer(files.output, grid, bands=RGB, dtype="uint8", tags=tags))
    beside: tuple[tuple[PathLike | None, tuple[str, ...], str, tuple[str, ...]], ...] = (
        (files.uncertainty, (ERROR,), "float32", ("Lab units",)),
        (files.memory, MEMORY, "uint8", ("percent", "percent")),
        (files.classes, KINDS, "uint8", ("", "percent")),
    )
    for path, bands, dtype, units in beside:
        if path is not None:
            of_kinds = bands == KINDS
            said = (
                {"SAR_COLORIZE_KINDS": ", ".join(f"{i} {name}" for i, name in enumerate(NAMES, 1))} if of_kinds else {}
            )
            options = _OPTIONS.get(bands, {})
            writers.append(
                target.writer(path, grid, bands=bands, dtype=dtype, tags=tags | said, units=units, lossless=options)
            )
    return writers


def beside_of(target: Target, files: PictureFiles, writers: Sequence[CogWriter]) -> list[Beside]:
    """The small picture of the first file and the STAC item of all, where they are asked for and a file is named."""
    found: list[Beside] = []
    if files.output is None:
        return found
    quicklook = None
    if files.quicklook is not None:
        quicklook = Quicklook(files.quicklook, writers[0], overwrite=target.overwrite)
        found.append(quicklook)
    item = item_of("colour", writers, quicklook, files.taken)
    return found if item is None else [*found, item]


def outputs_of(target: Target, files: PictureFiles) -> list[Output]:
    """The files of a run, as its plan sees them."""
    share = PICTURE if target.profile in LOSSLESS else LOSSY
    outputs = [Output(3.125, share, None if files.output is None else Path(files.output).absolute().parent)]
    for path, pixel_bytes, kept in (
        (files.uncertainty, 4.0, FLOATS), (files.memory, 2.125, PICTURE), (files.classes, 2.125, PICTURE)
    ):  # fmt: skip
        if path is not None:
            outputs.append(Output(pixel_bytes, kept, Path(path).absolute().parent))
    return outputs


def split(paint: Callable[[Loaded], Raster], files: tuple[tuple[str, ...], ...], loaded: Loaded) -> Rasters | Counted:
    """The rasters of a block by the bands of each file, the error in Lab units; with a memory or an error, counts too.

    Counted are pixels: remembered, changed, all of those with a memory; then those of each code of the error.
    """
    raster = paint(loaded)
    parts = []
    for bands in files:
        first = raster.bands.index(bands[0])
        values = raster.values[first : first + len(bands)]
        if bands == (ERROR,):
            values = values.astype(np.float32) / _CODES_PER_UNIT
        parts.append(replace(raster, values=values, bands=bands))
    counts, errors = (0, 0, 0), np.zeros(_CODES, np.int64)
    if MEMORY[0] in raster.bands:
        memory, changed = (raster.values[raster.bands.index(name)][raster.valid] >= HALF for name in MEMORY)
        counts = int(memory.sum()), int((changed & ~memory).sum()), memory.size
    if ERROR in raster.bands:
        codes = raster.values[raster.bands.index(ERROR)][raster.valid]
        errors = np.bincount(codes.astype(np.uint8), minlength=_CODES)
    return Counted(parts, (*counts, *errors.tolist())) if counts[2] or errors.any() else parts


def counts_of(sums: tuple[int, ...]) -> dict[str, float]:
    """How much of the ground is as in the reference, changed, and not shown by it, and how large errors are.

    Of errors the median and the value that a tenth of all pixels exceeds; nothing of what was not counted.
    """
    found: dict[str, float] = {}
    if sums and sums[2]:
        kept, changed = (round(count / sums[2], 4) for count in sums[:2])
        found = {"kept_share": kept, "changed_share": changed, "not_shown_share": round(1.0 - kept - changed, 4)}
    errors = np.cumsum(sums[3:])
    if errors.size and errors[-1]:
        median, worst = (int(np.searchsorted(errors, share * errors[-1])) for share in (0.5, 0.9))
        found |= {"error_median": round(median / 10.0, 1), "error_worst_tenth": round(worst / 10.0, 1)}
    return found


def rgba_block(colorizer: Colorizer, scene: Scene, window: Window) -> NDArray[np.uint8]:
    """(4, height, width) uint8 of a window, the fourth 255 where valid."""
    raster = colorizer.block(scene, window)
    alpha = np.where(raster.valid, np.uint8(255), np.uint8(0))[None]
    rgba: NDArray[np.uint8] = np.concatenate([raster.values[:3], alpha])
    return rgba
