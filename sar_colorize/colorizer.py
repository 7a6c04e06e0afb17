"""One window of a scene to one coloured window: the pure function that everything else runs.

    scene -> despeckle -> lightness -> painter -> memory, where there is a reference -> picture

What holds for the whole scene is settled before, in `prepare`; `Colorizer.block` depends on nothing but the scene and
the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import namespace
from .backscatter import DbRange
from .color import lab_to_srgb, srgb_to_lab, to_uint8
from .ground import Recall
from .infer import ERROR_TOP, WindowPainter
from .lightness import to_lightness
from .raster import Bool, Float32, Raster, Unit, Window
from .reference.memory import Ground, Memory, Remembered
from .scene import Scene
from .scene.area import Area
from .speckle import Filter
from .speckle.values import to_db

RGB = ("red", "green", "blue")
ERROR = "expected_ab_error"
KINDS = ("kind", "probability")
"""The most likely kind of ground, numbered from 1, and its probability in percent."""
MEMORY = ("memory", "changed")
"""Bands in percent: the share of a pixel that is the reference's, and how far the radar shows something new."""
MEMORY_BYTES = 200
"""Memory of a pixel while the reference is put into a picture."""


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

    def reads_in_threads(self, *scenes: Scene) -> bool:
        """Whether several threads gain where they read these; a filter with a network uses all cores by itself."""
        return all(each.reads_in_threads for each in scenes) and not self.filter.has_network

    def read(self, scene: Scene, window: Window) -> Raster:
        """The radar values that `convert` needs for a window: the window and the filter's halo around it."""
        return scene.read(window.pad(self.filter.halo_px))

    def convert(self, raster: Raster, window: Window) -> tuple[Any, Any, Any]:
        """L in 0..100, decibels (C, H, W) and validity (H, W) of a window, from what `read` gave for it.

        Arrays are those of the raster, numpy's or torch's.
        """
        rows, cols = window.within(window.pad(self.filter.halo_px))
        db = namespace(raster.values).stack(
            [to_db(values, raster.valid, raster.unit, self.filter, self.ranges[band])
             for values, band in zip(raster.values, raster.bands, strict=True)]
        )[:, rows, cols]  # fmt: skip
        valid = raster.valid[rows, cols]
        lightness = to_lightness(db, valid, raster.bands, ranges=self.ranges, offset_db=self.offset_db, fill=self.fill)
        return lightness, db, valid


@dataclass(frozen=True)
class Levels:
    """What a painter sees of a block, numpy or torch."""

    lightness: Any
    """(C, H, W) L in 0..100."""
    db: Any
    """The same in decibels."""


@dataclass(frozen=True)
class Loaded:
    """A block made ready for the painter: what can be done while another block is being painted."""

    window: Window
    scene: Window
    valid: Bool
    levels: Levels | Raster
    """Of what the painter must see; not filtered yet where it is on a GPU, which is faster."""
    ground: Ground | None = None
    """Of the window and what the memory needs around it."""


@dataclass(frozen=True)
class Colorizer:
    """Everything settled for a scene: `block` paints any window of it."""

    radar: RadarLightness
    """From backscatter to lightness."""
    painter: WindowPainter
    """From lightness to a picture."""
    area: Area | None = None
    """Outside it pixels become invalid; None where there is no limit."""
    recall: Recall | None = None
    """What the reference adds; None without one."""

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands of a block: red, green, blue; expected error and kinds where asked for; those of a memory."""
        painted = (*RGB, ERROR) if self.painter.with_error else RGB
        painted = (*painted, *KINDS) if self.painter.with_kinds else painted
        return painted if self.recall is None else (*painted, *MEMORY)

    def loads_in_threads(self, scene: Scene) -> bool:
        """Whether several threads may load blocks at once."""
        before = None if self.recall is None else self.recall.ground.before
        return self.radar.reads_in_threads(scene, *([] if before is None else [before.scene]))

    def block(self, scene: Scene, window: Window) -> Raster:
        """The picture of a window.

        Returns:
            `bands` (C, height, width) uint8, unit DISPLAY. Valid exactly where the scene's bands are (and inside
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
        span, around = self.painter.span(window, scene.grid.window), self._around(window)
        read = around.union(span)
        raster = self.radar.read(scene, read)
        valid = raster.valid[window.within(read.pad(self.radar.filter.halo_px))]
        if inside is not None:
            valid = valid & inside
        if not valid.any():
            return None
        if self._filters_on_gpu:
            return Loaded(window, scene.grid.window, valid, raster)
        lightness, db, known = self.radar.convert(raster, read)
        ground = None
        if self.recall is not None:
            part = around.within(read)
            ground = self.recall.ground.read(around, db[(slice(None), *part)], known[part])
        inner = (slice(None), *span.within(read))
        return Loaded(window, scene.grid.window, valid, Levels(lightness[inner], db[inner]), ground)

    @property
    def _filters_on_gpu(self) -> bool:
        """Whether a block goes to the painter's GPU as it was read; a memory needs decibels here."""
        return self.recall is None and self.painter.on_gpu and not self.radar.filter.has_network

    def _around(self, window: Window) -> Window:
        """The window and what the memory needs around it."""
        return window if self.recall is None else window.pad(self.recall.memory.halo_px)

    def memory_bytes(self, scene: Scene, window: Window) -> tuple[int, int, int]:
        """Memory of one block, about: while it is read and made ready, while it waits, while it is painted here.

        A pixel of what is read is held as values, lightness and decibels of each band, and as much again while it is
        filtered; `run.plan` says how this was measured.
        """
        span, around = self.painter.span(window, scene.grid.window), self._around(window)
        read = around.union(span).pad(self.radar.filter.halo_px)
        pixels, bands = read.height * read.width, len(scene.bands)
        load, ready = pixels * (12 * bands + 24), pixels * (8 * bands + 1)
        painting = self.painter.memory_bytes(window, scene.grid.window)
        if self.recall is not None:
            pixels, before = around.height * around.width, self.recall.ground.before
            load += pixels * self.recall.ground.pixel_bytes
            ready += pixels * (14 + 4 * bands * (1 if before is None else 2))
            painting = max(painting, pixels * MEMORY_BYTES)
        return load, ready, painting

    def paint(self, loaded: Loaded) -> Raster:
        """The picture of a loaded block."""
        span, levels = self.painter.span(loaded.window, loaded.scene), loaded.levels
        if isinstance(levels, Raster):
            read = loaded.window.union(span)
            inner = (slice(None), *span.within(read))
            lightness, db, _ = self.radar.convert(self.painter.place(levels), read)
            levels = Levels(lightness[inner], db[inner])
        codes = self.painter.paint(levels.lightness, levels.db, span, loaded.window, loaded.valid, loaded.scene)
        if self.recall is not None and loaded.ground is not None:
            core = loaded.window.within(self._around(loaded.window))
            told = len(KINDS) * self.painter.with_kinds
            pictured = codes[: len(codes) - told]
            remembered = _remembered(pictured, loaded.ground, self.recall.memory, core)
            codes = np.concatenate([remembered[: len(pictured)], codes[len(pictured) :], remembered[len(pictured) :]])
        return Raster(np.where(loaded.valid, codes, np.uint8(0)), loaded.valid, self.bands, Unit.DISPLAY)


def _remembered(
    codes: NDArray[np.uint8], ground: Ground, memory: Memory, core: tuple[slice, slice]
) -> NDArray[np.uint8]:
    """The codes of a painted block with memory, and the bands MEMORY behind them; what it leaves keeps its codes."""
    painted: Float32 = srgb_to_lab(codes[:3].astype(np.float32) / np.float32(255.0))
    error = codes[3].astype(np.float32) / np.float32(10.0) if len(codes) > 3 else None
    made: Remembered = memory.picture(painted, error, ground, core)
    rgb: NDArray[np.uint8] = to_uint8(lab_to_srgb(made.lab))
    parts = [np.where((made.lab == painted).all(0), codes[:3], rgb)]
    if error is not None:
        parts.append(np.rint(np.clip(made.error, 0.0, ERROR_TOP)[None] * np.float32(10.0)).astype(np.uint8))
    shares = np.stack([made.memory, made.changed])
    parts.append(np.rint(np.clip(shares, 0.0, 1.0) * np.float32(100.0)).astype(np.uint8))
    return np.concatenate(parts)
