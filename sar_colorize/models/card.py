"""The card of a network: what it takes, what it gives, how it was made, how good it was measured to be.

A card travels as JSON in the header of its weights, so that reading it needs neither torch nor the weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..backscatter import DB_RANGES
from ..errors import ModelError
from ..weights import parse_card
from .limits import SHAPES, check_card, refuse, shown

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
        check_card(self)

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
