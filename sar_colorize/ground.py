"""What reference and radar show of any window of a scene, read onto its grid: the reference itself, and its radar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import backscatter
from .backscatter import DbRange
from .errors import SettingError
from .raster import Bool, Float32, Unit, Window
from .reference.memory import Ground, Memory
from .reference.warp import WarpedPicture
from .scene import Scene
from .scene.alignment import Alignment
from .speckle import Filter
from .speckle.values import to_db

REFERENCE_BYTES = 90
"""Memory of a pixel while the reference is read and turned to Lab."""
RADAR_BYTES = 44
"""The same of each band of its radar."""


@dataclass(frozen=True)
class RadarBefore:
    """The radar of the reference's date, despeckled on its own grid and drawn on the scene's."""

    scene: Scene
    """With the bands of the scene that is coloured."""
    alignment: Alignment
    filter: Filter
    """The speckle filter."""
    ranges: Mapping[str, DbRange]
    """Decibels that display values stand for, by polarisation."""
    offset_db: float
    """One shift for the whole of it."""

    def read(self, window: Window) -> Float32:
        """Decibels (C, H, W) of a window of the scene's grid, NaN where it has none."""
        power, valid = self.alignment.read(self._power, window, len(self.scene.bands))
        db: Float32 = backscatter.to_db(power, Unit.POWER, (0.0, 0.0)) + np.float32(self.offset_db)
        return np.where(valid, db, np.float32(np.nan))

    def _power(self, window: Window) -> tuple[Float32, Bool]:
        """Despeckled power of a window of its own grid, 0 where it has none: means are those of power."""
        wide = window.pad(self.filter.halo_px)
        raster, inner = self.scene.read(wide), window.within(wide)
        db = np.stack(
            [to_db(values, raster.valid, raster.unit, self.filter, self.ranges[band])
             for values, band in zip(raster.values, raster.bands, strict=True)]
        )[(slice(None), *inner)]  # fmt: skip
        valid = raster.valid[inner]
        power: Float32 = backscatter.to_power(np.where(valid, db, np.float32(0.0)), Unit.DB, (0.0, 0.0))
        return np.where(valid, power, np.float32(0.0)), valid


@dataclass(frozen=True)
class GroundReader:
    """Reads what reference and radar show of any window."""

    reference: WarpedPicture
    before: RadarBefore | None
    """The radar of its date."""
    offset_db: float
    """Added to the scene's decibels."""

    def read(self, window: Window, db: Float32, valid: Bool) -> Ground:
        """The ground of a window.

        Args:
            db: (C, H, W) despeckled decibels of the scene there. valid: (H, W).
        """
        lab, seen = self.reference.read(window)
        before = None if self.before is None else self.before.read(window)
        shifted = np.where(valid, db + np.float32(self.offset_db), np.float32(0.0))
        return Ground(lab, seen, shifted, valid, before, self.reference.in_scene(window))

    @property
    def pixel_bytes(self) -> int:
        """Memory of a pixel of a window while it is read, about."""
        return REFERENCE_BYTES + (0 if self.before is None else RADAR_BYTES * len(self.before.scene.bands))


@dataclass(frozen=True)
class Recall:
    """How a block remembers: what reads the ground, and what is made of it."""

    ground: GroundReader
    memory: Memory


def radar_before(
    before: Scene, scene: Scene, chosen: Filter, ranges: Mapping[str, DbRange], offset_db: float
) -> RadarBefore:
    """The radar of the reference's date on a scene's grid.

    Args:
        before: of the same ground. scene: with the bands that are used. chosen: the scene's speckle filter.

    Raises:
        SettingError: it lacks a band, lies elsewhere, or only one of the two has a georeference.
    """
    check_bands(before, scene)
    alignment = Alignment(scene.grid, before.grid)
    if not alignment.is_possible:
        raise SettingError(
            f"reference_radar must have a georeference as the scene has, or its size where both have none, got "
            f"{before.source}; give it one, for example with gdal_translate -a_srs -a_ullr"
        )
    if alignment.overlap.is_empty:
        raise SettingError(
            f"reference_radar must overlap the scene, got {before.source}, which lies elsewhere; choose one of the "
            "place"
        )
    return RadarBefore(before.select(*scene.bands), alignment, chosen, ranges, offset_db)


def check_bands(before: Scene, scene: Scene) -> None:
    """Refuses an earlier radar scene that lacks a band of the scene.

    Raises:
        SettingError: it does.
    """
    missing = [band for band in scene.bands if band not in before.bands]
    if missing:
        raise SettingError(
            f"reference_radar must have the bands {', '.join(scene.bands)} of the scene, got {', '.join(before.bands)} "
            f"in {before.source}; choose another, or set polarization to a band that both have"
        )
