"""The card of a network: what it takes, what it gives, how it was made, how good it was measured to be.

A card travels as JSON in the header of its weights, so that reading it needs neither torch nor the weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..backscatter import DB_RANGES
from ..errors import ModelError, SettingError
from ..tiles import MOST_WORK, TileGrid
from ..weights import is_printable, parse_card
from .limits import DB_LIMIT, MOST_TEXT, MOST_TILE_PX, SHAPES, Shape, is_number, is_whole, refuse, shown

ARCHITECTURES = tuple(SHAPES)
OUTPUTS = ("ab", "rgb", "maps")
INPUTS = ("sar-l", "optical-l")


@dataclass(frozen=True)
class Card:
    """What a user and the line must know of a network.

    name: the name it is asked for by.
    architecture: "composite" | "colorsar" | "pix2pix" | "by-place".
    output: "ab", (B, 2, H, W) to be multiplied by `color.AB_MAX`; "rgb", (B, 3, H, W) in -1..1; or "maps", of which
        the network's `compose` makes the picture, given the palette of the place.
    input: what L it was trained on: "sar-l", radar, or "optical-l", the lightness of a colour picture.
    settings: the arguments of the architecture, `width` among them.
    channels: how many lightness channels it takes.
    db_ranges: by polarisation, the decibels that become L = 0 and L = 100.
    despeckle: the filter recommended before L.
    halo_px: pixels around a tile that its output depends on, a multiple of `stride_px`; None where unbounded,
        and tiles must be blended.
    stride_px: tiles must start at multiples of it, and their size be one.
    tile_px, overlap_px: defaults for tiling; neighbours share overlap_px, at least twice `halo_px`.
    fill_lightness: L, 0..100, to be put at invalid pixels.
    sources: the data it was trained on, with their notice.
    training: how it was made: command, seed, steps, date, device.
    quality: measured figures by split, site and method, baselines beside the model.
    limits: what it is not good for.
    """

    name: str
    architecture: str
    output: str
    input: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    channels: int = 1
    db_ranges: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(DB_RANGES))
    despeckle: str = "lee"
    halo_px: int | None = None
    stride_px: int = 1
    tile_px: int = 512
    overlap_px: int = 64
    fill_lightness: float = 50.0
    license: str = "MIT"
    summary: str = ""
    sources: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    limits: str = ""

    def __post_init__(self) -> None:
        _one_of("architecture", self.architecture, ARCHITECTURES)
        _one_of("output", self.output, OUTPUTS)
        _one_of("input", self.input, INPUTS)
        _check(self)

    def to_json(self) -> str:
        """The card as JSON text; `from_json` gives an equal card."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The card that `to_json` wrote.

        Raises:
            ModelError: `text` is not JSON, a key is missing or unknown, or a value is out of its range.
        """
        values = parse_card(text)
        unknown = sorted(set(values) - {item.name for item in fields(cls)})
        if unknown:
            names = ", ".join(shown(name)[1:-1] for name in unknown[:5])
            raise ModelError(f"model card must hold known keys, got {names}; update sar-colorize")
        missing = sorted({"name", "architecture", "output", "input"} - set(values))
        if missing:
            raise ModelError(f"model card must hold {', '.join(missing)}, got none; take the file anew")
        if isinstance(ranges := values.get("db_ranges"), dict):
            values["db_ranges"] = {
                band: tuple(pair) if isinstance(pair, list) else pair for band, pair in ranges.items()
            }
        return cls(**values)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        refuse(name, f"one of {', '.join(allowed)}", value)


def _check(card: Card) -> None:
    """Refuses a card whose values are of a wrong type, out of their range, or fit no other."""
    for name in ("name", "despeckle", "license", "summary", "sources", "limits"):
        value = getattr(card, name)
        if not isinstance(value, str) or len(value) > MOST_TEXT or not is_printable(value):
            refuse(name, f"a text of at most {MOST_TEXT} characters that can be printed", value)
    for name in ("settings", "training", "quality", "db_ranges"):
        if not isinstance(getattr(card, name), Mapping):
            refuse(name, "an object", getattr(card, name))
    shape = SHAPES[card.architecture]
    if card.output != shape.output:
        refuse("output", f"{shape.output} for {card.architecture}", card.output)
    low, high = shape.channels
    if not is_whole(card.channels, low, high):
        refuse("channels", f"a whole number from {low} to {high} for {card.architecture}", card.channels)
    if not is_number(card.fill_lightness, 0, 100):
        refuse("fill_lightness", "within 0..100", card.fill_lightness)
    _check_ranges(card.db_ranges)
    _check_tiles(card, shape)


def _check_ranges(ranges: Mapping[Any, Any]) -> None:
    if not ranges or not set(ranges) <= set(DB_RANGES):
        refuse("db_ranges", f"of some of {', '.join(DB_RANGES)}", list(ranges))
    for pair in ranges.values():
        numbers = pair if isinstance(pair, tuple | list) else ()
        if (
            len(numbers) != 2
            or not all(is_number(value, -DB_LIMIT, DB_LIMIT) for value in numbers)
            or not numbers[0] < numbers[1]
        ):
            refuse("db_ranges", f"pairs of decibels within {DB_LIMIT:g} of 0, low before high", dict(ranges))


def _check_tiles(card: Card, shape: Shape) -> None:
    for name in ("stride_px", "tile_px"):
        if not is_whole(getattr(card, name), 1, MOST_TILE_PX):
            refuse(name, f"a whole number of at least 1 and at most {MOST_TILE_PX}", getattr(card, name))
    if card.stride_px % shape.stride_px:
        refuse("stride_px", f"a multiple of {shape.stride_px} for {card.architecture}", card.stride_px)
    if not is_whole(card.overlap_px, 0, card.tile_px - 1):
        refuse("overlap_px", f"a whole number, at least 0 and under tile_px={card.tile_px}", card.overlap_px)
    if card.halo_px is not None:
        if not is_whole(card.halo_px, 0, MOST_TILE_PX) or card.halo_px % card.stride_px:
            refuse("halo_px", f"null or a multiple of stride_px={card.stride_px}", card.halo_px)
        if card.overlap_px < 2 * card.halo_px:
            refuse("overlap_px", f"at least twice halo_px={card.halo_px}", card.overlap_px)
    if card.tile_px % card.stride_px:
        refuse("tile_px", f"a multiple of stride_px={card.stride_px}", card.tile_px)
    try:
        tiles = TileGrid(card.tile_px, card.overlap_px, blend=card.halo_px is None, align_px=card.stride_px)
    except SettingError as error:
        raise ModelError(f"tiles of a model card must fit together, got a card where {error}") from error
    if tiles.work > MOST_WORK:
        refuse("overlap_px", f"at most seven eighths of tile_px={card.tile_px}", card.overlap_px)
