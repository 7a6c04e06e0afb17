"""The card of the learned filter: what it was made of, how good it was measured to be, what it is not good for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import weights
from ..errors import ModelError

FOLDER = Path(__file__).parent / "weights"
SHIPPED = FOLDER / "despeckle-grd.safetensors"
MOST_WIDTH = 256
MOST_LAYERS = 64


@dataclass(frozen=True)
class FilterCard:
    """What a user and the line must know of a learned filter."""

    name: str
    settings: Mapping[str, Any]
    """The arguments of `network.Despeckler`."""
    offset_db: float = 0.0
    """Added to the result, so that mean power stays what it was."""
    license: str = "MIT"
    summary: str = ""
    sources: str = ""
    """The data it was trained on, with their notice."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Command, settings, date, device."""
    quality: Mapping[str, Any] = field(default_factory=dict)
    """Measured figures."""
    limits: str = ""
    """What it is not good for."""

    def __post_init__(self) -> None:
        for name in ("name", "license", "summary", "sources", "limits"):
            if not isinstance(getattr(self, name), str):
                raise ModelError(f"{name} of a filter card must be a text, got another value; correct the card")
        for name in ("settings", "training", "quality"):
            if not isinstance(getattr(self, name), Mapping):
                raise ModelError(f"{name} of a filter card must be an object, got another value; correct the card")
        width, dilations = self.settings.get("width", 1), self.settings.get("dilations", [1])
        if not set(self.settings) <= {"width", "dilations"} or not _is_whole(width, MOST_WIDTH):
            raise ModelError(
                f"settings of a filter card must be a width of 1 to {MOST_WIDTH} and dilations; correct it"
            )
        if (
            not isinstance(dilations, list | tuple)
            or len(dilations) > MOST_LAYERS
            or not all(_is_whole(value, MOST_LAYERS) for value in dilations)
        ):
            raise ModelError(
                f"dilations of a filter card must be at most {MOST_LAYERS} of 1 to {MOST_LAYERS}; correct it"
            )
        if (
            isinstance(self.offset_db, bool)
            or not isinstance(self.offset_db, int | float)
            or not -9 < self.offset_db < 9
        ):
            raise ModelError(
                "offset_db of a filter card must be a number within 9 dB of 0, got another; correct the card"
            )

    def to_json(self) -> str:
        """The card as JSON text; `from_json` gives an equal card."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FilterCard:
        """The card that `to_json` wrote.

        Raises:
            ModelError: not JSON, a key missing or unknown.
        """
        values = weights.parse_card(text, "filter card")
        known = {item.name for item in fields(cls)}
        if not {"name", "settings"} <= set(values) <= known:
            raise ModelError(f"filter card must be an object with keys of {', '.join(sorted(known))}; take it anew")
        return cls(**values)


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most
