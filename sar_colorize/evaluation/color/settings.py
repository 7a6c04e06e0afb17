"""The settings of an evaluation of models, checked, and saved with its figures."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...engine.choose import DEVICES, PRECISIONS
from ...errors import SettingError
from ...reference.memory import STRUCTURES
from ...speckle import FILTER_NAMES

INPUTS = ("sar", "optical")
PALETTES = ("site", "auto", "none")
HALVES = ("all", "second")
OTHER_DATES = "other-dates"
"""References are the pictures of other dates of the same place."""
_CHOICES = {
    "input": INPUTS,
    "filter": ("auto", *FILTER_NAMES),
    "palette": PALETTES,
    "half": HALVES,
    "device": DEVICES,
    "precision": PRECISIONS,
    "structure": STRUCTURES,
}
_OF_MEMORY = ("reference_radar", "structure")
_NOT_OF_MEMORY = ("input", "palette", "half", "seed")


@dataclass(frozen=True)
class EvaluateSettings:
    """How models are measured; saved in metrics.json."""

    split: str = "test"
    """The split that is measured."""
    limit: int | None = None
    """At most so many pairs of each site, evenly spread."""
    exclude: tuple[str, ...] = ()
    """A site that is neither measured nor learned from."""
    strict: bool = False
    """Refuse files that are broken or without a partner, instead of leaving them out."""
    input: str = "sar"
    """The lightness that models get: sar, the radar's; optical, that of the real picture itself."""
    filter: str = "auto"
    """Speckle filter before the radar's lightness; auto is the one in each model's card."""
    palette: str = "site"
    """The palette of models that take one: site, of other pairs of the same site and date; auto, of the ground to
    be expected where a pair lies, or on land anywhere; none."""
    half: str = "all"
    """The pairs of a site that are measured: all; second, the second half by key, with palettes from the first half, to
    which colours are also fitted."""
    device: str = "auto"
    """Device that networks run on; auto takes the GPU where there is one."""
    precision: str = "fp32"
    """Precision of networks; the cards were measured in fp32."""
    seed: int = 0
    """Seed of the bootstrap."""
    reference: str | None = None
    """Measures pictures with memory: other-dates, references are pictures of other dates; or a folder of references."""
    reference_radar: bool = False
    """Also gives the radar of the reference's date."""
    structure: str = STRUCTURES[0]
    """Whose structure a picture with memory shows."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise SettingError(
                    f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}; choose one of them"
                )
        if self.limit is not None and self.limit < 1:
            raise SettingError(f"limit must be at least 1, got {self.limit}; leave it out for every pair")
        if self.seed < 0:
            raise SettingError(f"seed must be at least 0, got {self.seed}; choose another, such as 0")
        self._check_reference()

    def _check_reference(self) -> None:
        """Refuses what a comparison with a reference does not use, and without one what only that uses."""
        usual = {field.name: field.default for field in fields(self)}
        for name in _OF_MEMORY if self.reference is None else _NOT_OF_MEMORY:
            if getattr(self, name) != usual[name]:
                asked = "come with a reference" if self.reference is None else "be left out with a reference"
                raise SettingError(f"{name} must {asked}, got {getattr(self, name)!r}; leave one of the two out")
        if self.reference_radar and self.reference != OTHER_DATES:
            raise SettingError(
                f"reference_radar must come with the references {OTHER_DATES}, got a folder, which has no radar; leave "
                "it out"
            )
