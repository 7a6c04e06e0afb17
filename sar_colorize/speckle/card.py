"""The card of the learned filter: what it was made of, how good it was measured to be, what it is not good for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..errors import ModelError

FOLDER = Path(__file__).parent / "weights"
SHIPPED = FOLDER / "despeckle-grd.safetensors"


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

    def to_json(self) -> str:
        """The card as JSON text; `from_json` gives an equal card."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FilterCard:
        """The card that `to_json` wrote.

        Raises:
            ModelError: not JSON, a key missing or unknown.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ModelError(f"filter card must be JSON, got an error at {error}; take the file anew") from error
        known = {item.name for item in fields(cls)}
        if not isinstance(values, dict) or not {"name", "settings"} <= set(values) <= known:
            raise ModelError(f"filter card must be an object with keys of {', '.join(sorted(known))}; take it anew")
        return cls(**values)
