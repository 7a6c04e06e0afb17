"""What holds for a whole scene, settled once before its blocks are painted: bands, filter, offset, palette, painter."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .colorizer import Colorizer, RadarLightness
from .credentials import name_without_credentials
from .engine.choose import DEVICES, PRECISIONS, check_engine
from .errors import SettingError
from .ground import check_bands
from .infer import PixelPainter, TilePainter, WindowPainter, tile_grid
from .models import registry
from .models.card import Card
from .models.limits import MOST_TILE_PX
from .models.painter import Painter, choose_bands, kind_of
from .offset import AUTO, offset_of
from .palette.choose import SOURCES as PALETTES
from .palette.palette import Palette, check_kinds
from .place import PREDICTED, Reference, Remembering, remember
from .reference.memory import STRUCTURES
from .scene import Scene, open_scene
from .scene.area import Area
from .scene.date import parse_date
from .scene_palette import Wish, find_palette
from .speckle import Filter
from .speckle.choose import check_looks, choose_filter, looks_reason
from .tiles import check_block_px, check_tiles, check_whole_number

MOST_BATCH = 1024
_log = logging.getLogger("sar_colorize")


@dataclass(frozen=True)
class ColorizeSettings:
    """What `colorize` may be told about the picture; checked here, stored in the tags of the output."""

    model: str = registry.DEFAULT_MODEL
    """A name of `models.registry.names()`, or a path to weights."""
    palette: str = AUTO
    """What colours the place has: "auto", those that place, month and radar lead to expect, or a reference's; "none";
    or the path or source of an optical raster of the place. Only a model that takes a palette is given it."""
    reference: str | None = None
    """What a picture of the place is called whose ground is remembered; None without one."""
    reference_radar: str | None = None
    """What the radar scene of its date is called."""
    reference_date: str | None = None
    """When it was taken, "YYYY-MM-DD" or "YYYY-MM"; None reads it from its tags or name."""
    date: str | None = None
    """When the scene was taken, likewise; for a reference, and for what palette "auto" expects of the month."""
    structure: str = STRUCTURES[0]
    """Whose structure the picture shows: "both", "radar" or "reference"."""
    filter: str = AUTO
    """The speckle filter; "auto" is the one in the model's card."""
    size: int | None = None
    """Width of its window in pixels; None for the filter's own."""
    looks: float | str | None = None
    """Equivalent number of looks; None for the filter's usual, "auto" to estimate it once from the scene."""
    offset_db: str | float = AUTO
    """Shift of the whole scene in dB; "auto" fits one for a scene without an absolute scale, "fit" always."""
    tile_px: int | None = None
    """Side of the tiles that the network sees; None for the model's own."""
    overlap_px: int | None = None
    """Pixels that neighbouring tiles share; None for the model's own."""
    batch: int | None = None
    """Tiles at a time; None for the device's usual number."""
    block_px: int = 1024
    """Side of the blocks that are read, painted and written as one; the picture does not depend on it."""
    engine: str = AUTO
    """"auto", "torch" or "openvino"."""
    device: str = AUTO
    """"auto", "cpu" or "cuda"."""
    precision: str = AUTO
    """"auto", "fp32" or "bf16"."""

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {self.device!r}; auto picks one")
        if self.precision not in PRECISIONS:
            raise SettingError(
                f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}; auto picks one"
            )
        check_engine(self.engine, self.device)
        self._check_reference()
        check_block_px(self.block_px)
        check_whole_number("size", self.size)
        check_whole_number("tile_px", self.tile_px, 1, MOST_TILE_PX)
        check_whole_number("overlap_px", self.overlap_px, 0, MOST_TILE_PX)
        check_whole_number("batch", self.batch, 1, MOST_BATCH)
        check_looks(self.looks)
        if isinstance(self.offset_db, str):
            if self.offset_db not in (AUTO, "fit"):
                raise SettingError(f"offset_db must be auto, fit or a number, got {self.offset_db!r}; 0 leaves it out")
        elif not isinstance(self.offset_db, int | float) or not math.isfinite(self.offset_db):
            raise SettingError(f"offset_db must be a finite number, got {self.offset_db}; 0 leaves it out")

    def _check_reference(self) -> None:
        """Refuses a structure and dates that are none, and without a reference what only one has."""
        if self.structure not in STRUCTURES:
            raise SettingError(
                f"structure must be one of {', '.join(STRUCTURES)}, got {self.structure!r}; both is usual"
            )
        for name in ("reference_radar", "reference_date", "date", "structure"):
            value = getattr(self, name)
            unused = self.reference is None and (name != "date" or self.palette != AUTO)
            if unused and value not in (None, STRUCTURES[0]):
                raise SettingError(f"{name} must come with a reference, got {value!r} alone; give the reference too")
            if value is not None and name.endswith("date"):
                parse_date(value, name)


@dataclass(frozen=True)
class Prepared:
    """A scene ready to be painted: `colorizer.block(scene, window)` for any window."""

    scene: Scene
    """Reduced to the bands that the model takes."""
    colorizer: Colorizer
    """What paints a window of it."""
    tags: dict[str, str]
    """What the output says of itself: the colours are a prediction, by this model, from this source."""
    facts: dict[str, Any]
    """What a result says of the model and the scale."""
    notes: tuple[str, ...]
    """What a user should know of the palette."""


def prepare(  # long: the order of what is settled is told once, here
    scene: Scene,
    settings: ColorizeSettings,
    area: Area | None = None,
    *,
    with_error: bool = False,
    with_kinds: bool = False,
    start: bool = True,
    reference: Reference | None = None,
    palette: str | None = None,
) -> Prepared:
    """Settles what holds for the whole scene.

    Args:
        area: outside it pixels become invalid.
        with_error: blocks get a fourth band, the expected error of a and b.
        with_kinds: they get two more, the most likely kind of ground and its probability.
        start: load the network onto its device now; false where workers elsewhere will paint, on what they have.
        reference: the picture of the place whose ground is remembered, and its radar, where they are open already; the
            settings name them. Then blocks have the expected error wherever the model knows it.
        palette: the picture that the settings' palette is the name of, where that is no path.

    Raises:
        ModelError, SettingError, UnitError, SceneError: one sentence each.
    """
    card = registry.load_card(settings.model)
    kind = kind_of(card)
    _check_fit(card, settings, with_error)
    scene = scene.select(*choose_bands(card, scene.bands))
    chosen = _filter(scene, card, settings)
    if not kind.has_network:
        _check_without_network(card, settings, chosen)
    offset_db, offset_reason = offset_of(scene, settings.offset_db)
    _log.info("lightness: %s, %s, offset %+g dB (%s)", "+".join(scene.bands), chosen.name, offset_db, offset_reason)
    radar = RadarLightness(chosen, card.db_ranges, offset_db, card.fill_lightness)
    memory = _memory(scene, settings, radar, reference)
    colours, wanted = None, Wish(settings.palette, palette or settings.palette)
    if kind.takes_palette:
        colours = find_palette(scene, wanted, settings.model, radar, memory, settings.date)
    if with_kinds:
        check_kinds(colours)
    painter = registry.load_painter(settings.model, scene.bands, colours)
    with_error = with_error or (memory is not None and kind.knows_error)
    paints, engine = _window_painter(painter, settings, (with_error, with_kinds), start=start)
    _log.info("model: %s on %s", card.name, ", ".join(each for each in engine.values() if each is not None))
    facts = {
        "model": card.name,
        "weights_sha256": registry.checksum(settings.model) if kind.has_network else None,
        "offset_db": offset_db,
        "offset_reason": offset_reason,
        "palette": colours.source if colours else None,
        "palette_lab": colours.mean if colours else None,
        "legend": colours.ground.legend if colours and colours.ground else None,
        **engine,
        "looks": round(chosen.looks, 2) if chosen.uses_looks else None,
        "looks_reason": looks_reason(chosen, settings.looks) if chosen.uses_looks else None,
    }
    tags = _tags(card, scene, settings, chosen, colours, facts)
    notes = (colours.note,) if colours is not None and colours.note else ()
    if memory is None:
        return Prepared(scene, Colorizer(radar, paints, area), tags, facts, notes)
    made = Colorizer(radar, paints, area, memory.recall)
    return Prepared(scene, made, tags | memory.tags, facts | memory.facts, (*memory.notes, *notes))


def _window_painter(
    painter: Painter, settings: ColorizeSettings, more: tuple[bool, bool], *, start: bool
) -> tuple[WindowPainter, dict[str, str | None]]:
    """What paints windows; its engine, device and precision: those asked for, until it is started.

    Args:
        more: whether it gives the expected error, and kinds of ground.
    """
    if painter.network is None:
        return PixelPainter(painter), {"engine": None, "device": "cpu", "precision": "fp32"}
    tiles = tile_grid(painter.card, settings.tile_px, settings.overlap_px)
    check_tiles(tiles)
    paints = TilePainter(
        painter,
        tiles,
        engine=settings.engine,
        device=settings.device,
        precision=settings.precision,
        batch=settings.batch,
        with_error=more[0],
        with_kinds=more[1],
    )
    if not start:
        return paints, {name: getattr(settings, name) for name in ("engine", "device", "precision")}
    engine = paints.start()
    return paints, {"engine": engine.name, "device": engine.device, "precision": engine.precision}


def _memory(
    scene: Scene, settings: ColorizeSettings, radar: RadarLightness, reference: Reference | None
) -> Remembering | None:
    """What the reference adds to a scene, as given or as the settings name it; None without one."""
    if reference is None and settings.reference is None:
        return None
    if reference is None:
        before = None if settings.reference_radar is None else open_scene(settings.reference_radar)
        reference = Reference(str(settings.reference), before)
    before_offset_db = 0.0
    if reference.radar is not None:
        check_bands(reference.radar, scene)
        before_offset_db = offset_of(reference.radar.select(*scene.bands), AUTO)[0]
    dates = settings.date, settings.reference_date
    return remember(reference, scene, radar, settings.structure, dates, before_offset_db)


def _check_fit(card: Card, settings: ColorizeSettings, with_error: bool) -> None:
    """Refuses what a model cannot do."""
    kind = kind_of(card)
    if settings.reference is not None and not kind.predicts:
        raise SettingError(
            f"reference must be left out for {card.name}, whose colours are a code for backscatter; by-place takes one"
        )
    if with_error and not kind.knows_error:
        raise SettingError(
            f"uncertainty must be left out for {card.name}, which does not know its error; by-place does"
        )
    if settings.date is not None and settings.reference is None and not kind.takes_palette:
        raise SettingError(
            f"date must come with a reference for {card.name}, got {settings.date!r} alone; leave it out"
        )
    if not kind.takes_palette and settings.palette not in PALETTES:
        raise SettingError(
            f"palette must be auto or none for {card.name}, which takes no picture, got {settings.palette}; "
            "by-place takes one"
        )


def _check_without_network(card: Card, settings: ColorizeSettings, chosen: Filter) -> None:
    """Refuses settings that only a network obeys; that of a filter obeys the precision."""
    usual: dict[str, tuple[str | None, ...]] = dict.fromkeys(("tile_px", "overlap_px", "batch"), (None,))
    usual["device"] = (AUTO, "cpu")
    if not chosen.has_network:
        usual["engine"] = (AUTO,)
        usual["precision"] = (AUTO, "fp32")
    for name, values in usual.items():
        got = getattr(settings, name)
        if got not in values:
            raise SettingError(
                f"{name} must be left out for {card.name}, which has no network, got {got}; by-place has one"
            )


def _filter(scene: Scene, card: Card, settings: ColorizeSettings) -> Filter:
    """The speckle filter of a scene; that of the model's card for "auto"."""
    name = card.despeckle if settings.filter == AUTO else settings.filter
    return choose_filter(scene.samples, name, settings.size, settings.looks, settings.precision, settings.engine)


def _tags(
    card: Card,
    scene: Scene,
    settings: ColorizeSettings,
    chosen: Filter,
    palette: Palette | None,
    facts: Mapping[str, Any],
) -> dict[str, str]:
    """What the output says of itself."""
    names = {
        name: name_without_credentials(given)
        for name in ("model", "palette", "reference", "reference_radar")
        if (given := getattr(settings, name)) is not None
    }
    used = asdict(settings) | names | {"filter": chosen.name, "size": chosen.size_px, "looks": chosen.looks}
    return {
        "SAR_COLORIZE_NOTICE": PREDICTED
        if kind_of(card).predicts
        else "The colours are a code for radar backscatter, not those that the eye would see.",
        "SAR_COLORIZE_MODEL": card.name,
        "SAR_COLORIZE_WEIGHTS_SHA256": facts["weights_sha256"] or "none",
        "SAR_COLORIZE_SOURCE": scene.source,
        "SAR_COLORIZE_BANDS": ",".join(scene.bands),
        "SAR_COLORIZE_UNIT": f"{scene.unit} ({scene.declaration.unit_reason})",
        "SAR_COLORIZE_OFFSET_DB": f"{facts['offset_db']:g} ({facts['offset_reason']})",
        "SAR_COLORIZE_PALETTE": json.dumps(palette.record) if palette else "none",
        "SAR_COLORIZE_LEGEND": facts["legend"] or "none",
        "SAR_COLORIZE_SETTINGS": json.dumps(used, sort_keys=True),
    }
