"""The settings of an evaluation of models, checked, and saved with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...engine.choose import DEVICES, PRECISIONS
from ...errors import SettingError
from ...speckle import FILTER_NAMES

INPUTS = ("sar", "optical")
"""The lightness that models get: that of the radar, or that of the real picture itself."""
PALETTES = ("site", "auto", "none")
"""The palette that models get: of other pairs of the same site, guessed from where a pair lies, or none."""
HALVES = ("all", "second")
"""The pairs of a site that are measured: all, or the second half, with palettes from the first."""


@dataclass(frozen=True)
class EvaluateSettings:
    """How models are measured; saved in metrics.json."""

    split: str = "test"
    """The split that is measured, such as "test"."""
    input: str = "sar"
    """The lightness that models get, one of `INPUTS`."""
    filter: str = "auto"
    """The speckle filter before the radar's lightness; "auto" is the one in each model's card."""
    palette: str = "site"
    """The palette of models that take one, one of `PALETTES`; "site" is of other pairs of the same site and date."""
    half: str = "all"
    """The pairs that are measured, one of `HALVES`; "second" orders each site's pairs by key, takes palettes from the
    first half alone, and also fits colours to it."""
    limit: int | None = None
    """At most so many pairs of each site, evenly spread; None for all."""
    exclude: tuple[str, ...] = ()
    """Sites that are neither measured nor learned from."""
    strict: bool = False
    """Whether files that are broken or without a partner are refused instead of left out."""
    device: str = "auto"
    """Where networks run."""
    precision: str = "fp32"
    """In which precision networks run; the cards were measured in "fp32"."""
    seed: int = 0
    """Of the bootstrap."""

    def __post_init__(self) -> None:
        allowed: dict[str, Sequence[str]] = {
            "input": INPUTS,
            "palette": PALETTES,
            "half": HALVES,
            "filter": ("auto", *FILTER_NAMES),
            "device": DEVICES,
            "precision": PRECISIONS,
        }
        for name, choices in allowed.items():
            if getattr(self, name) not in choices:
                raise SettingError(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}; choose one of them"
                )
        if self.limit is not None and self.limit < 1:
            raise SettingError(f"limit must be at least 1, got {self.limit}; leave it out for every pair")
        if self.seed < 0:
            raise SettingError(f"seed must be at least 0, got {self.seed}; choose another, such as 0")
