"""One window of a scene to one coloured window: the pure function that everything else runs.

    scene -> despeckle -> lightness -> painter -> picture

What holds for the whole scene is settled before, in `prepare`; `Colorizer.block` depends on nothing but the scene and
the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .backscatter import DbRange
from .infer import WindowPainter
from .lightness import to_lightness
from .raster import Bool, Float32, Raster, Unit, Window
from .scene import Scene
from .scene.area import Area
from .speckle import Filter
from .speckle.values import to_db

RGB = ("red", "green", "blue")
ERROR = "expected_ab_error"


@dataclass(frozen=True)
class RadarLightness:
    """How backscatter becomes the lightness that models see: unit -> power -> filter -> decibels -> L."""

    filter: Filter
    """The speckle filter."""
    ranges: Mapping[str, DbRange]
    """By polarisation, the decibels that become L = 0 and L = 100."""
    offset_db: float
    """One shift for the whole scene, 0 for calibrated data."""
    fill: float
    """L at invalid pixels, 0..100."""

    def read(self, scene: Scene, window: Window) -> Raster:
        """The radar values that `convert` needs for a window: the window and the filter's halo around it."""
        return scene.read(window.pad(self.filter.halo_px))

    def convert(self, raster: Raster, window: Window) -> tuple[Float32, Float32, Bool]:
        """L in 0..100, decibels (C, H, W) and validity (H, W) of a window, from what `read` gave for it."""
        rows, cols = window.within(window.pad(self.filter.halo_px))
        db = np.stack(
            [to_db(values, raster.valid, raster.unit, self.filter, self.ranges[band])
             for values, band in zip(raster.values, raster.bands, strict=True)]
        )[:, rows, cols]  # fmt: skip
        valid = raster.valid[rows, cols]
        lightness = to_lightness(db, valid, raster.bands, ranges=self.ranges, offset_db=self.offset_db, fill=self.fill)
        return lightness, db, valid


@dataclass(frozen=True)
class Loaded:
    """A block made ready for the painter: what can be done while another block is being painted."""

    window: Window
    span: Window
    scene: Window
    lightness: Float32
    db: Float32
    valid: Bool


@dataclass(frozen=True)
class Colorizer:
    """Everything settled for a scene: `block` paints any window of it."""

    radar: RadarLightness
    """From backscatter to lightness."""
    painter: WindowPainter
    """From lightness to a picture."""
    area: Area | None = None
    """Outside it pixels become invalid; None where there is no limit."""

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands of a block: red, green, blue, and the expected error where it was asked for."""
        return (*RGB, ERROR) if self.painter.with_error else RGB

    def block(self, scene: Scene, window: Window) -> Raster:
        """The picture of a window.

        Returns:
            `bands` (3 or 4, height, width) uint8, unit DISPLAY. Valid exactly where the scene's bands are (and inside
            the area); 0 elsewhere.
        """
        loaded = self.load(scene, window)
        if loaded is None:
            empty = np.zeros((len(self.bands), *window.shape), dtype=np.uint8)
            return Raster(empty, np.zeros(window.shape, dtype=bool), self.bands, Unit.DISPLAY)
        return self.paint(loaded)

    def load(self, scene: Scene, window: Window) -> Loaded | None:
        """Reads, despeckles and turns to lightness what a window needs; None where it has no valid pixel."""
        inside = self.area.inside(window) if self.area is not None else None
        if inside is not None and not inside.any():
            return None
        span = self.painter.span(window)
        raster = self.radar.read(scene, span)
        valid = raster.valid[window.within(span.pad(self.radar.filter.halo_px))]
        if inside is not None:
            valid = valid & inside
        if not valid.any():
            return None
        lightness, db, _ = self.radar.convert(raster, span)
        return Loaded(window, span, scene.grid.window, lightness, db, valid)

    def memory_bytes(self, scene: Scene, window: Window) -> tuple[int, int, int]:
        """Memory of one block, about: while it is read and made ready, while it waits, while it is painted here.

        A pixel of what is read is held as values, lightness and decibels of each band, and as much again while it is
        filtered; `run.plan` says how this was measured.
        """
        span = self.painter.span(window).pad(self.radar.filter.halo_px)
        pixels, bands = span.height * span.width, len(scene.bands)
        return (
            pixels * (12 * bands + 24),
            pixels * (8 * bands + 1),
            self.painter.memory_bytes(window, scene.grid.window),
        )

    def paint(self, loaded: Loaded) -> Raster:
        """The picture of a loaded block."""
        rgb = self.painter.paint(loaded.lightness, loaded.db, loaded.span, loaded.window, loaded.valid, loaded.scene)
        return Raster(np.where(loaded.valid, rgb, np.uint8(0)), loaded.valid, self.bands, Unit.DISPLAY)
