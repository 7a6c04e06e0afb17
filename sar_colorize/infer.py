"""Lightness to a picture: a painter over many tiles of a scene, or over one small picture, with the same edges.

Tiles are fixed to the scene; beyond the scene's edge a network sees the mirror image of the scene. In training a patch
ends at its edge, and convolutions repeat the last pixel there.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import beside, to_numpy, zeros
from .color import srgb_to_lab, to_uint8
from .engine.base import Compose, Engine
from .engine.choose import choose
from .errors import SettingError
from .models.card import Card
from .models.painter import ERROR_TOP as ERROR_TOP
from .models.painter import Painted, Painter, kind_of
from .models.window_painter import WindowPainter as WindowPainter
from .planes import join
from .raster import Bool, Float32, Raster, Window
from .tiles import TileGrid, batches, mirrored

TILE_BYTES = 160
"""Memory of a pixel of a tile while it becomes sRGB and is put in place."""
PIXEL_BYTES = 40
"""Memory of a pixel that is painted by a formula."""
BF16_SHARE = 0.6
"""Of the memory of fp32 that bf16 takes."""
GPU_BATCH_PX = 1 << 21
"""Pixels of tiles that a GPU is given at a time, about: one tile of the models whose tiles are as large as a block."""
LEAST_WIDTH = 64
"""Channels that a network is taken to have whose card does not say."""


class TilePainter:
    """A painter with a network, tile by tile. See `WindowPainter`.

    A tile always has the same shape, every batch the same number of tiles, and colours are converted tile by tile, so
    that a pixel gets the same bits in whatever block it is painted; so a batch may hold more tiles than a block, but
    never more than the scene. At the scene's last rows and columns tiles are cut to what is needed. Device and
    precision are chosen when the first tile is painted, or by `start`, in the process that paints: a copy that was sent
    to another machine chooses by what that has.
    """

    def __init__(
        self,
        painter: Painter,
        tiles: TileGrid,
        *,
        engine: str = "auto",
        device: str = "auto",
        precision: str = "auto",
        batch: int | None = None,
        with_error: bool = False,
        with_kinds: bool = False,
    ) -> None:
        self.painter, self.tiles, self.with_error, self.with_kinds = painter, tiles, with_error, with_kinds
        self._wish, self._batch = (engine, device, precision), batch
        self._weights = tiles.weights() if tiles.blend else None
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def start(self) -> Engine:
        """The network on its engine and device.

        Raises:
            SettingError: an engine, a device or a precision that is not to be had here.
        """
        with self._lock:
            if self._engine is None:
                chosen, network, name = choose(*self._wish), self.painter.network, self.painter.card.name
                assert network is not None
                if chosen.engine == "openvino":
                    from .engine.openvino import OpenVinoEngine

                    self._engine = OpenVinoEngine(network, chosen.precision, name)
                else:
                    from .engine.torch import TorchEngine

                    self._engine = TorchEngine(
                        network.module(), *chosen[1:], within_halo=not self.tiles.blend, model=name
                    )
            return self._engine

    @property
    def paints_in_threads(self) -> bool:
        """With OpenVINO, whose requests are told apart by threads; torch has threads of its own, or a GPU."""
        return self.start().name == "openvino"

    @property
    def on_gpu(self) -> bool:
        """Whether the network runs on one."""
        return self.start().device == "cuda"

    def place(self, raster: Raster) -> Raster:
        """A raster with its arrays where the network runs."""
        place = self.start().place
        return replace(raster, values=place(raster.values), valid=place(raster.valid))

    def batch(self, scene: Window) -> int:
        """Tiles at a time: as asked for, or as is usual on the device, but no more than a scene has."""
        usual = max(1, GPU_BATCH_PX // self.tiles.tile_px**2) if self.on_gpu else 1
        return min(usual if self._batch is None else self._batch, self.tiles.count(scene))

    def memory_bytes(self, window: Window, scene: Window) -> int:
        """About how much memory of this machine painting a window takes at its peak; that of a GPU is its own.

        A tile takes `Kind.tile_bytes` and its input, a picture TILE_BYTES before it is put in place.
        """
        engine, card = self.start(), self.painter.card
        largest = self.tiles.cut(next(self.tiles.covering(Window(0, 0, 1, 1))), scene)
        tile_pixels = largest.height * largest.width
        share = 1.0 if engine.precision == "fp32" else BF16_SHARE
        network = kind_of(card).tile_bytes * int(card.settings.get("width", LEAST_WIDTH)) * share
        tiles = self.batch(scene) * tile_pixels * (network + 4 * len(self.painter.bands))
        running = int(tiles + tile_pixels * TILE_BYTES)
        placing = window.height * window.width * (36 if self.tiles.blend else 4)
        return placing if engine.device == "cuda" else placing + running

    def span(self, window: Window, scene: Window) -> Window:
        """All tiles that contribute to a window, as far as they lie in the scene."""
        return self.tiles.span(window).intersect(scene)

    def paint(
        self, lightness: Any, db: Any, span: Window, window: Window, wanted: Bool, scene: Window
    ) -> NDArray[np.uint8]:
        """The picture of a window; see `WindowPainter`."""
        del db  # networks see lightness
        blended = self._weights is not None
        bands = 3 + self.with_error + 2 * self.with_kinds
        if isinstance(lightness, np.ndarray):
            lightness = self.start().place(lightness)
        out = zeros((bands, *window.shape), lightness, codes=not blended)
        tiles = []
        for tile in self.tiles.covering(window):
            rows, cols = self.tiles.contribution(tile).intersect(window).within(window)
            if wanted[rows, cols].any():
                tiles.append(tile)
        compose = self._levels if blended else self._codes
        for tile, painted in self._painted(tiles, lightness, span, scene, compose):
            self._place(out, painted, tile, window)
        return to_numpy(to_uint8(out / self._total) if blended else out)

    def picture(self, lightness: Float32) -> tuple[Float32, Float32 | None]:
        """A scene that is one small picture: CIE Lab (3, H, W) and expected error (H, W), not rounded to codes."""
        scene, blended = Window(0, 0, *lightness.shape[1:]), self._weights is not None
        out = np.zeros((3 if blended or not kind_of(self.painter.card).knows_error else 4, *scene.shape), np.float32)
        compose = self._levels if blended else self._lab
        for tile, painted in self._painted(list(self.tiles.covering(scene)), lightness, scene, scene, compose):
            self._place(out, painted, tile, scene)
        if blended:
            out = srgb_to_lab(np.clip(out / self._total, 0.0, 1.0))
        return out[:3], out[3] if len(out) > 3 else None

    def _levels(self, *given: Any, **more: Any) -> Any:
        """(C, h, w) of a tile in 0..1, see `Painted.levels`."""
        return self._picture(*given, **more).levels(self.with_error, self.with_kinds)

    def _codes(self, *given: Any, **more: Any) -> Any:
        """The same in 0..255."""
        return self._picture(*given, **more).codes(self.with_error, self.with_kinds)

    def _lab(self, *given: Any, **more: Any) -> Any:
        """(C, h, w): CIE Lab and the expected error, where the model knows it."""
        painted = self._picture(*given, **more)
        return painted.lab[0] if painted.error is None else join([painted.lab, painted.error])[0]

    def _picture(self, out: Any, lightness: Any, beside: Any = None, numbers: Any = None) -> Painted:
        inner = partial(self._inner, tile_px=lightness.shape[-1])
        beside = None if beside is None else inner(beside)
        return self.painter.picture(inner(out), inner(lightness), None, beside, numbers)

    @property
    def _total(self) -> np.float32:
        """What the weights of all tiles over a pixel add up to."""
        return np.float32((2 * max(1, self.tiles.overlap_px)) ** 2)

    def _painted(
        self, tiles: Sequence[Window], lightness: Any, span: Window, scene: Window, compose: Compose
    ) -> Iterator[tuple[Window, Any]]:
        """Each tile with what is composed of it; short batches are filled up."""
        engine, batch = self.start(), self.batch(scene)
        for group in batches([self.tiles.cut(tile, scene) for tile in tiles], batch):
            stacked = zeros((batch, lightness.shape[0], *group[0].shape), lightness)
            for i, tile in enumerate(group):
                stacked[i] = mirrored(lightness, span, tile, scene)
            more = self._beside(group, batch), self.painter.numbers, self._structure(compose)
            made = engine.run(stacked, compose, *more)
            yield from zip(group, made, strict=False)

    def _structure(self, compose: Compose) -> Hashable | None:
        """What is equal where the same is composed, of whatever scene, see `Painter.structure`."""
        known = self.painter.structure
        return None if known is None else (compose.__name__, self.with_error, self.with_kinds, self._cut, known)

    def _beside(self, tiles: Sequence[Window], batch: int) -> Float32 | None:
        """(B, P, h, w) what the painter takes beside the radar of tiles of one shape; short batches are filled up."""
        taken = [each for tile in tiles if (each := self.painter.beside(tile)) is not None]
        return np.stack(taken + taken[-1:] * (batch - len(taken))) if taken else None

    @property
    def _cut(self) -> int:
        """Pixels on each side of a tile that only the network needs; the picture of the rest is composed."""
        if self._weights is not None:
            return 0
        card = self.painter.card
        return max(0, (self.tiles.margin_px - kind_of(card).compose_px) // card.stride_px * card.stride_px)

    def _inner(self, values: Any, tile_px: int) -> Any:
        """(1, C, h, w) of a tile so wide, at whatever resolution, without what is cut; a single number stays."""
        cut = self._cut * values.shape[-1] // tile_px
        return values[..., cut:-cut, cut:-cut] if cut else values

    def _place(self, out: Any, values: Any, tile: Window, window: Window) -> None:
        """Puts a tile's core where it belongs, or adds its weighted pixels."""
        part = self.tiles.contribution(tile).intersect(window)
        there = (slice(None), *part.within(window))
        if self._weights is None:
            out[there] = values[(slice(None), *part.within(tile.pad(-self._cut)))]
            return
        rows, cols = part.within(tile)
        out[there] += values[:, rows, cols] * beside(self._weights[rows, cols], values)


class PixelPainter:
    """A painter without a network: each pixel by itself. See `WindowPainter`."""

    with_error = False
    with_kinds = False
    paints_in_threads = True
    on_gpu = False

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    def span(self, window: Window, scene: Window) -> Window:
        """The window itself."""
        del scene
        return window

    def place(self, raster: Raster) -> Raster:
        """The raster itself."""
        return raster

    def memory_bytes(self, window: Window, scene: Window) -> int:
        """About how much memory painting a window takes at its peak."""
        del scene
        return window.height * window.width * PIXEL_BYTES

    def paint(
        self, lightness: Float32, db: Float32, span: Window, window: Window, wanted: Bool, scene: Window
    ) -> NDArray[np.uint8]:
        """The picture of a window; see `WindowPainter`."""
        del span, window, scene
        known = np.where(wanted, db, np.float32(0.0))
        codes: NDArray[np.uint8] = to_uint8(self.painter.picture(None, lightness[None], known[None]).srgb[0])
        return codes


def paint_picture(
    painter: Painter,
    lightness: Float32,
    *,
    db: Float32 | None = None,
    engine: str = "torch",
    device: str = "auto",
    precision: str = "auto",
) -> tuple[Float32, Float32 | None]:
    """A small picture as a whole scene of its size is painted: the same edges and tiles, not rounded to codes.

    Args:
        lightness: (C, H, W) L in 0..100 of the painter's bands, finite. db: the same in decibels.
        engine: torch as a rule, because each picture is another graph to compile.

    Returns:
        CIE Lab (3, H, W), and the expected error of a and b (H, W) in Lab units, None of a model that does not know it.
    """
    if painter.network is None:
        lab: Float32 = painter.picture(None, lightness[None], None if db is None else db[None]).lab[0]
        return lab, None
    tiles = tile_grid(painter.card, None, None)
    return TilePainter(painter, tiles, engine=engine, device=device, precision=precision).picture(lightness)


def tile_grid(card: Card, tile_px: int | None, overlap_px: int | None) -> TileGrid:
    """The tile grid of a model, with the card's sizes where none are given.

    Raises:
        SettingError: an overlap that does not cover the receptive field, or sizes that do not fit the network.
    """
    bounded = card.halo_px is not None
    overlap = card.overlap_px if overlap_px is None else overlap_px
    tile = card.tile_px if tile_px is None else tile_px
    if card.halo_px is not None and overlap < 2 * card.halo_px:
        raise SettingError(
            f"overlap_px must be at least {2 * card.halo_px} for {card.name}, whose receptive field reaches "
            f"{card.halo_px} px, got {overlap}; leave it out for the model's own"
        )
    return TileGrid(tile, overlap, blend=not bounded, align_px=card.stride_px)
