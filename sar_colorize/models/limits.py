"""What a card may say: bounds of its numbers and texts, and what its architecture fixes.

A card may come from a stranger; what passes here can be planned, printed and run. Sizes that are merely too large for a
machine are refused by the plan of a run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError

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


def check_settings(architecture: str, settings: Mapping[str, Any]) -> None:
    """Refuses settings that the architecture does not take, or that make no network.

    Raises:
        ModelError: the first of them.
    """
    least = SHAPES[architecture].least_width
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
        **known.get(architecture, {}),
    }
    if not set(settings) <= set(allowed):
        raise ModelError(
            f"settings of {architecture} must be its arguments, got {shown(dict(settings))}; correct the card"
        )
    for name, value in settings.items():
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
