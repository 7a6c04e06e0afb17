"""One window of a scene to one coloured window: the pure function that everything else runs.

    scene -> despeckle -> lightness -> network, tile by tile -> picture

What holds for the whole scene (polarisations, the offset in decibels, the model) is settled once, in `prepare`; after
that `Colorizer.block` depends on nothing but the scene and the window.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backscatter import db_range_of, to_db
from .despeckled import to_db_despeckled
from .errors import SettingError, UnitError
from .infer import DEVICES, PRECISIONS, Inference
from .lightness import fit_offset_db, to_lightness
from .models import registry
from .models.card import Card
from .models.composite import paint_composite
from .palette.choose import SOURCES as PALETTES
from .palette.choose import settle_palette
from .palette.overlap import with_fit
from .palette.palette import Palette
from .raster import Bool, Float32, Raster, Unit, Window
from .scene import Scene
from .scene.area import Area
from .speckle import Filter, get_filter
from .tiles import TileGrid

RGB = ("red", "green", "blue")
ERROR = "expected_ab_error"


@dataclass(frozen=True)
class ColorizeSettings:
    """What `colorize` may be told; checked here, stored in the tags of the output.

    model: a name of `models.registry.names()` or a path to weights. palette: what colours the place has: "auto", a
    guess from the map; "none"; or the path of an optical raster of the place. Only a model that takes one (`by-place`)
    is given it. despeckle: a filter's name, or "auto" for the one in the model's card. filter_size_px, looks: of that
    filter, None for its defaults. offset_db: "auto" fits one shift for a scene without an absolute scale, "fit" always,
    a number is used as it is. tile_px, overlap_px, batch: None for the model's own. block_px: side of the blocks that
    are read, painted and written as one.
    """

    model: str = registry.DEFAULT_MODEL
    palette: str = "auto"
    despeckle: str = "auto"
    filter_size_px: int | None = None
    looks: float | None = None
    offset_db: str | float = "auto"
    tile_px: int | None = None
    overlap_px: int | None = None
    block_px: int = 1024
    batch: int | None = None
    device: str = "auto"
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {self.device!r}; auto picks one")
        if self.precision not in PRECISIONS:
            raise SettingError(f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}")
        if self.block_px < 64:
            raise SettingError(f"block_px must be at least 64, got {self.block_px}; 1024 is a good start")
        if isinstance(self.offset_db, str) and self.offset_db not in ("auto", "fit"):
            raise SettingError(f"offset_db must be auto, fit or a number, got {self.offset_db!r}; 0 leaves it out")


@dataclass(frozen=True)
class Loaded:
    """A block made ready for the network: what can be done while another block is being painted."""

    window: Window
    span: Window
    scene: Window
    lightness: Float32
    db: Float32
    valid: Bool


@dataclass(frozen=True)
class Colorizer:
    """Everything settled for a scene: `block` paints any window of it.

    card: the model's. checksum: of its weights, None for the composite. bands: the polarisations in use. offset_db:
    one shift for the whole scene. area: outside it pixels become invalid; None where there is no limit.
    """

    card: Card
    checksum: str | None
    bands: tuple[str, ...]
    filter: Filter
    offset_db: float
    offset_reason: str
    inference: Inference | None
    settings: ColorizeSettings
    area: Area | None = None
    palette: Palette | None = None

    @property
    def bands_made(self) -> tuple[str, ...]:
        """The bands of a block: red, green, blue, and the expected error where it was asked for."""
        return (*RGB, ERROR) if self.inference is not None and self.inference.tells_error else RGB

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the palette."""
        return (self.palette.note,) if self.palette is not None and self.palette.note else ()

    def block(self, scene: Scene, window: Window) -> Raster:
        """The picture of a window.

        Returns:
            `bands_made` (3, height, width) uint8, unit DISPLAY. Valid exactly where the scene's bands are (and inside
            the area); 0 elsewhere.
        """
        loaded = self.load(scene, window)
        if loaded is None:
            empty = np.zeros((len(self.bands_made), *window.shape), dtype=np.uint8)
            return Raster(empty, np.zeros(window.shape, dtype=bool), self.bands_made, Unit.DISPLAY)
        return self.paint(loaded)

    def load(self, scene: Scene, window: Window) -> Loaded | None:
        """Reads, despeckles and turns to lightness what a window needs; None where it has no valid pixel."""
        inside = self.area.inside(window) if self.area is not None else None
        if inside is not None and not inside.any():
            return None
        span = self.inference.tiles.span(window) if self.inference is not None else window
        raster = scene.read(span.pad(self.filter.halo_px))
        valid = raster.valid[window.within(span.pad(self.filter.halo_px))]
        if inside is not None:
            valid = valid & inside
        if not valid.any():
            return None
        lightness, db = self._lightness(raster, span)
        return Loaded(window, span, scene.grid.window, lightness, db, valid)

    def seen(self, scene: Scene, window: Window) -> tuple[Float32, Bool]:
        """L (C, H, W) of a window as networks are given it, and where it is valid."""
        padded = window.pad(self.filter.halo_px)
        raster = scene.read(padded)
        return self._lightness(raster, window)[0], raster.valid[window.within(padded)]

    def _lightness(self, raster: Raster, span: Window) -> tuple[Float32, Float32]:
        """L and decibels (C, H, W) of `span`, from a raster that reaches beyond it by the filter's halo."""
        rows, cols = span.within(span.pad(self.filter.halo_px))
        db = self._to_db(raster)[:, rows, cols]
        lightness = to_lightness(
            db,
            raster.valid[rows, cols],
            self.bands,
            ranges=self.card.db_ranges,
            offset_db=self.offset_db,
            fill=self.card.fill_lightness,
        )
        return lightness, db

    def paint(self, loaded: Loaded) -> Raster:
        """The picture of a loaded block."""
        rgb: NDArray[np.uint8]
        if self.inference is None:
            rgb = paint_composite(loaded.lightness, np.where(loaded.valid, loaded.db, np.float32(0.0)))
        else:
            rgb = self.inference.paint(loaded.lightness, loaded.span, loaded.window, loaded.valid, loaded.scene)
        rgb = np.where(loaded.valid, rgb, np.uint8(0))
        return Raster(rgb, loaded.valid, self.bands_made, Unit.DISPLAY)

    def _to_db(self, raster: Raster) -> Float32:
        """Despeckled decibels, NaN where a filter left invalid pixels."""
        return np.stack(
            [to_db_despeckled(values, raster.valid, raster.unit, self.filter, self.card.db_ranges[band])
             for values, band in zip(raster.values, raster.bands, strict=True)]
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """What a result says of the model and the scale."""
        return {
            "model": self.card.name,
            "weights_sha256": self.checksum,
            "offset_db": self.offset_db,
            "offset_reason": self.offset_reason,
            "palette": self.palette.source if self.palette else None,
            "palette_lab": self.palette.mean if self.palette else None,
            "device": self.inference.device if self.inference else "cpu",
            "precision": self.inference.precision if self.inference else "fp32",
        }

    def tags(self, scene: Scene) -> dict[str, str]:
        """What the output says of itself: the colours are a prediction, by this model, from this source."""
        settings = asdict(self.settings)
        settings.update(despeckle=self.filter.name, filter_size_px=self.filter.size_px, looks=self.filter.looks)
        return {
            "SAR_COLORIZE_NOTICE": "The colours are predicted from radar backscatter, not measured."
            if self.card.architecture != "composite"
            else "The colours are a code for radar backscatter, not those that the eye would see.",
            "SAR_COLORIZE_MODEL": self.card.name,
            "SAR_COLORIZE_WEIGHTS_SHA256": self.checksum or "none",
            "SAR_COLORIZE_SOURCE": scene.source,
            "SAR_COLORIZE_BANDS": ",".join(self.bands),
            "SAR_COLORIZE_UNIT": f"{scene.unit} ({scene.declaration.unit_reason})",
            "SAR_COLORIZE_OFFSET_DB": f"{self.offset_db:g} ({self.offset_reason})",
            "SAR_COLORIZE_PALETTE": json.dumps(asdict(self.palette)) if self.palette else "none",
            "SAR_COLORIZE_SETTINGS": json.dumps(settings, sort_keys=True),
        }


def prepare(
    scene: Scene, settings: ColorizeSettings, area: Area | None = None, *, tells_error: bool = False
) -> tuple[Scene, Colorizer]:
    """Settles what holds for the whole scene: its bands in use, the filter, the offset, its palette, the network on its
    device.

    Args:
        tells_error: blocks get a fourth band that says how sure the model is.

    Returns:
        The scene reduced to the bands that the model takes, and the colorizer for it.

    Raises:
        ModelError, SettingError, UnitError, SceneError: one sentence each.
    """
    card = registry.load_card(settings.model)
    scene = scene.select(*_bands_for(card, scene))
    name = card.despeckle if settings.despeckle == "auto" else settings.despeckle
    despeckle = get_filter(name, size_px=settings.filter_size_px, looks=settings.looks)
    offset_db, reason = _offset(scene, settings.offset_db)
    inference, checksum, palette = None, None, None
    if tells_error and card.output != "maps":
        raise SettingError(
            f"confidence must be left out for {card.name}, which does not say how sure it is; by-place says it"
        )
    blind = Colorizer(card, None, scene.bands, despeckle, offset_db, reason, None, settings, area)
    network: Any = None if card.architecture == "composite" else registry.load_network(settings.model)
    if card.output == "maps":
        palette = settle_palette(settings.palette, scene.grid)
        if palette.overlaps:
            placed = network.placed(palette, scene.bands)
            palette = with_fit(palette, scene, settings.palette, placed, partial(blind.seen, scene))
    elif settings.palette not in PALETTES:
        raise SettingError(
            f"palette must be auto or none for {card.name}, which does not look at one, got {settings.palette}; "
            "by-place takes one"
        )
    if network is not None:
        inference = Inference(
            network if palette is None else network.placed(palette, scene.bands),
            card.output,
            tile_grid(card, settings.tile_px, settings.overlap_px),
            device=settings.device,
            precision=settings.precision,
            batch=settings.batch,
            tells_error=tells_error,
        )
        checksum = registry.checksum(settings.model)
    return scene, replace(blind, checksum=checksum, inference=inference, palette=palette)


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


def _bands_for(card: Card, scene: Scene) -> tuple[str, ...]:
    """As many bands of the scene as the model takes; the co-polarised one first.

    The composite takes two where there are two; a network of one channel takes the first.
    """
    known = tuple(band for band in scene.bands if band in card.db_ranges)
    if not known:
        raise UnitError(
            f"polarization must be one of {', '.join(card.db_ranges)} for {card.name}, got {', '.join(scene.bands)}; "
            "name one with --polarization"
        )
    if card.output == "maps":  # one of each kind: HH stands for VV, and HV for VH
        return tuple(next(b for b in known if b in kind) for kind in (("VV", "HH"), ("VH", "HV")) if {*kind} & {*known})
    return known[: 2 if card.architecture == "composite" else card.channels]


def _offset(scene: Scene, wanted: str | float) -> tuple[float, str]:
    """The shift in decibels of the whole scene, and why."""
    if not isinstance(wanted, str):
        return float(wanted), "as you said"
    if wanted == "auto" and scene.declaration.absolute:
        return 0.0, scene.declaration.scale_reason
    reason = "you asked for it" if wanted == "fit" else scene.declaration.scale_reason
    return fit_offset_db(_valid_db(scene), scene.bands[0]), f"fitted once to the scene's median: {reason}"


def _valid_db(scene: Scene) -> Iterator[Float32]:
    """Valid decibels of the first band, from the scene's sample."""
    db_range = db_range_of(scene.bands[0])
    for raster in scene.samples():
        yield to_db(raster.values[0][raster.valid], raster.unit, db_range)
