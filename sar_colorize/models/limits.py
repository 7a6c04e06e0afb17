"""What a card may say: bounds of its numbers and texts, and what its architecture fixes.

A card may come from a stranger; what passes here can be planned, printed and run. Sizes that are merely too large for a
machine are refused by the plan of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..backscatter import DB_RANGES
from ..errors import ModelError, SettingError
from ..tiles import MOST_WORK, TileGrid
from ..weights import is_printable

if TYPE_CHECKING:
    from .card import Card

MOST_TILE_PX = 8192
MOST_WIDTH = 1024
MOST_CLASSES = 1024
MOST_TEXT = 20_000
"""Characters of a text."""
_Rule = tuple[str, Callable[[Any], bool]]
"""What a setting must be, in words, and whether a value is."""
DB_LIMIT = 200.0
"""Decibels, up and down: the greatest float32 is 385 dB."""


@dataclass(frozen=True)
class Shape:
    """What an architecture fixes of its cards."""

    output: str
    """Kind of its output."""
    stride_px: int
    """`stride_px` is a multiple of it."""
    channels: tuple[int, int]
    """Least and most lightness channels."""
    least_width: int = 1
    """Channels of its first level."""


SHAPES: Mapping[str, Shape] = {
    "composite": Shape("rgb", 1, (1, 2)),
    "colorsar": Shape("ab", 16, (1, 4)),
    "pix2pix": Shape("rgb", 1, (1, 4)),
    "by-place": Shape("maps", 32, (2, 2), least_width=2),
}


def check_card(card: Card) -> None:
    """Refuses a card whose values are of a wrong type, out of their range, or fit no other.

    Raises:
        ModelError: the first that is not as it must be.
    """
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


def check_settings(card: Card) -> None:
    """Refuses settings that the architecture does not take, or that make no network.

    Raises:
        ModelError: the first of them.
    """
    least = SHAPES[card.architecture].least_width
    known: dict[str, dict[str, _Rule]] = {
        "colorsar": {"classes": (f"null or at most {MOST_CLASSES} pairs of a and b within 128 of 0", _is_classes)},
        "pix2pix": {},
        "by-place": {
            "shrink": ("a number from 0 to 10", lambda value: is_number(value, 0, 10)),
            "error_scale": ("a number from 0.01 to 100", lambda value: is_number(value, 0.01, 100)),
        },
    }
    allowed: dict[str, _Rule] = {
        "width": (f"a whole number from {least} to {MOST_WIDTH}", lambda value: is_whole(value, least, MOST_WIDTH)),
        **known.get(card.architecture, {}),
    }
    if not set(card.settings) <= set(allowed):
        raise ModelError(
            f"settings of {card.architecture} must be its arguments, got {shown(dict(card.settings))}; correct the card"
        )
    for name, value in card.settings.items():
        words, fits = allowed[name]
        if not fits(value):
            refuse(f"{name} in the settings", words, value)


def _is_classes(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_CLASSES:
        return False
    return all(
        isinstance(pair, Sequence)
        and not isinstance(pair, str)
        and len(pair) == 2
        and all(is_number(part, -128, 128) for part in pair)
        for pair in value
    )


def is_whole(value: Any, low: int, high: int) -> bool:
    """Whether a value is a whole number from `low` to `high`; true and false are none."""
    return type(value) is int and low <= value <= high


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value is a finite number from `low` to `high`; true and false are none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return low <= value <= high and math.isfinite(value)


def refuse(name: str, allowed: str, value: Any) -> None:
    """Raises the one sentence for a value of a card."""
    raise ModelError(f"{name} of a model card must be {allowed}, got {shown(value)}; correct the card")


def shown(value: Any) -> str:
    """A value in a message: what can be printed of it, cut where it is long."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} that is too long to print"
    return text if len(text) <= 100 else f"{text[:100]} ..."
