"""Real dates of one ground: read from a folder, laid onto each other, references for each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...backscatter import db_range_of, to_power
from ...errors import DataError
from ...raster import Bool, Float32
from ...scene.names import is_folder
from ...scene.stack_file import read_dates
from . import metrics


@dataclass(frozen=True)
class Stack:
    """One ground at several dates."""

    name: str
    power: Float32
    """(T, H, W)."""
    valid: Bool
    """(H, W) where every date is valid."""


@dataclass(frozen=True)
class Series:
    """A stack whose dates are registered to a fraction of a pixel."""

    power: Float32
    """(T, H, W) as in the files."""
    valid: Bool
    """(H, W)."""
    references: NDArray[np.float64]
    """(T, H, W) for each date the mean of the others, moved onto it."""
    raw_references: NDArray[np.float64]
    """The same, not moved."""
    inside: Bool
    """(H, W) valid, without the border."""
    offsets_px: NDArray[np.float64]
    """(T, 2) rows and columns of each date from the mean of all."""
    looks_in_time: float
    """Looks of the speckle that is new at each date, of the moved dates."""

    def facts(self) -> dict[str, float]:
        """For the table: looks in time, and the root mean square of the offsets."""
        offset_px = float(np.sqrt((self.offsets_px**2).sum(1).mean()))
        return {"looks_in_time": round(self.looks_in_time, 2), "offset_px": round(offset_px, 2)}


def register(stack: Stack) -> Series:
    """The dates of a stack laid onto each other, as references for each other."""
    power, valid, dates = stack.power, stack.valid, range(len(stack.power))
    offsets = metrics.offsets_px(power, valid)
    moved = metrics.shifted(power, valid, -offsets)
    common = np.stack([metrics.others(moved, date) for date in dates])
    inside = metrics.without_border(valid)
    return Series(
        power,
        valid,
        metrics.shifted(common, valid, offsets),
        np.stack([metrics.others(power, date) for date in dates]),
        inside,
        offsets,
        metrics.looks_in_time(moved, inside),
    )


def stacks_in(folder: Path) -> list[Stack]:
    """The stacks of a folder, by name; see `evaluate_filters`.

    Raises:
        DataError: no such folder, no stack in it, or dates on different grids.
    """
    if not is_folder(folder):
        raise DataError(f"data must be a folder of stacks, got {folder}; name the folder that holds them")
    found = [_stack(path.stem, read_dates(path)) for path in sorted(folder.glob("*.npz"))]
    found += [_from_scenes(path) for path in sorted(folder.iterdir()) if len(list(path.glob("*.tif"))) >= 3]
    if not found:
        raise DataError(
            f"data must hold stacks of three dates or more, got none in {folder}; put the GeoTIFFs of one ground, "
            "one for each date, in a folder of their own under it"
        )
    return found


def _from_scenes(folder: Path) -> Stack:
    from ...scene import open_scene

    dates = []
    for path in sorted(folder.glob("*.tif")):
        scene = open_scene(path)
        raster = scene.read(scene.grid.window)
        values = to_power(raster.values[0], raster.unit, db_range_of(raster.bands[0]))
        dates.append(np.where(raster.valid, values, np.float32(np.nan)))
    if len({date.shape for date in dates}) > 1:
        raise DataError(f"dates of a stack must have one size, got several in {folder}; warp them to one grid")
    return _stack(folder.name, np.stack(dates))


def _stack(name: str, power: Float32) -> Stack:
    valid = np.asarray(np.isfinite(power).all(0))
    return Stack(name, np.where(valid, power, np.float32(1.0)), valid)
