"""Every choice of a training run, in one frozen record that is saved beside what it made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...errors import SettingError

CHOICES: dict[str, tuple[str, ...]] = {
    "model": ("by-place", "colorsar", "pix2pix"),
    "input": ("sar-l", "optical-l"),
    "keep": ("best", "last"),
    "schedule": ("cosine", "constant"),
    "head": ("ab", "classes"),
    "device": ("auto", "cpu", "cuda"),
    "precision": ("auto", "fp32", "bf16"),
}
RECIPES: dict[str, dict[str, Any]] = {
    "by-place": {
        "width": 48,
        "learning_rate": 2e-3,
        "beta1": 0.9,
        "schedule": "cosine",
        "ema_decay": 0.998,
        "keep": "last",
    },
    "colorsar": {
        "width": 32,
        "learning_rate": 2e-3,
        "beta1": 0.9,
        "schedule": "cosine",
        "ema_decay": 0.99,
        "keep": "best",
    },
    "pix2pix": {
        "width": 64,
        "learning_rate": 2e-4,
        "beta1": 0.5,
        "schedule": "constant",
        "ema_decay": 0.0,
        "keep": "last",
    },
}
"""Each system's own recipe: what a setting left at None becomes."""


@dataclass(frozen=True)
class TrainSettings:
    """What to train and how.

    model: "by-place", of the whole picture from radar and the palette of the place; "colorsar", regression of (a, b);
        "pix2pix", adversarial, of the whole picture.
    input: "sar-l", radar, or "optical-l", the lightness of the colour picture itself.
    name: of the network in its card.
    width: channels of the first level.
    epochs: passes over the training pairs; the schedule ends with them.
    keep: whose weights are kept, those of the epoch "best" on val in (a, b), or of the "last"; val error does not
        measure what an adversary teaches, and prefers flat colours.
    patience: epochs without a better val before it stops early; 0 never stops.
    batch, patch_px: pairs a step, and the size of the square cut from each.
    crops: at most so many patches from one pair in one epoch; large pairs have room for many.
    learning_rate, beta1: of Adam; schedule "cosine" (with a short warm-up) or "constant".
    ema_decay: of the running mean of weights that is validated and shipped; 0 for none.
    rebalance: 0..1, how far rare colours count more than frequent ones in the loss of (a, b).
    head: of colorsar: "ab" regresses (a, b), "classes" chooses among colours `spacing` Lab units apart.
    huber: (a, b) error, in Lab units, above which the loss of (a, b) is linear.
    l1_weight, feature_weight, structure_weight: pix2pix: of the L1 term, of feature matching, and of 1 - SSIM of the
        brightness; by-place: of how unlike the structure of L is.
    none_share, guess_share, recolour_share: by-place: how often a patch comes without a palette, with a guess from the
        map instead of a measured one, and moved to other colours together with its palette.
    despeckle, despeckle_share: the filter, and how often a patch passes through it.
    level_db, contrast: standard deviation of the shift in dB, and of the logarithm of the stretch, a patch.
    speckle_share, hole_share: how often a patch gets simulated speckle, and an invalid part.
    fill_lightness: L put there.
    seed: the same seed and data give the same network on the same machine.
    device, precision: "auto" takes a GPU where there is one, and bf16 where the device computes in it.
    workers: processes that read ahead; 0 reads in this one.
    devices: GPUs; above 1 needs the package lightning.
    """

    model: str = "colorsar"
    input: str = "sar-l"
    name: str = "my-model"
    width: int | None = None
    epochs: int = 40
    keep: str | None = None
    patience: int = 0
    batch: int = 16
    patch_px: int = 256
    crops: int = 4
    learning_rate: float | None = None
    beta1: float | None = None
    schedule: str | None = None
    ema_decay: float | None = None
    rebalance: float = 0.5
    head: str = "ab"
    spacing: float = 12.0
    huber: float = 4.0
    l1_weight: float = 100.0
    feature_weight: float = 0.0
    structure_weight: float = 0.0
    none_share: float = 0.1
    guess_share: float = 0.2
    recolour_share: float = 0.6
    despeckle: str = "lee"
    despeckle_share: float = 0.6
    level_db: float = 2.0
    contrast: float = 0.2
    speckle_share: float = 0.3
    hole_share: float = 0.15
    fill_lightness: float = 50.0
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    workers: int = 0
    devices: int = 1

    def __post_init__(self) -> None:
        _one_of("model", self.model, CHOICES["model"])
        for name, value in RECIPES[self.model].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        _within("spacing", self.spacing, 4.0, 40.0)
        for name, allowed in CHOICES.items():
            _one_of(name, getattr(self, name), allowed)
        for name in ("width", "epochs", "batch", "crops", "devices"):
            _at_least(name, getattr(self, name), 1)
        for name in ("patience", "workers", "seed"):
            _at_least(name, getattr(self, name), 0)
        for name in (
            "rebalance",
            "despeckle_share",
            "speckle_share",
            "hole_share",
            "none_share",
            "guess_share",
            "recolour_share",
        ):
            _within(name, getattr(self, name), 0.0, 1.0)
        for name in ("l1_weight", "feature_weight", "structure_weight", "level_db", "contrast"):
            _within(name, getattr(self, name), 0.0, 1e6)
        _within("fill_lightness", self.fill_lightness, 0.0, 100.0)
        for name in ("learning_rate", "huber"):
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} must be above 0, got {getattr(self, name)}; leave it out for the default")
        for name in ("ema_decay", "beta1"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"{name} must be at least 0 and under 1, got {getattr(self, name)}; 0.999 is usual")
        stride_px = {"pix2pix": 256, "by-place": 32}.get(self.model, 16)
        if self.patch_px < stride_px or self.patch_px % stride_px:
            raise SettingError(
                f"patch_px must be a multiple of {stride_px} for {self.model}, got {self.patch_px}; 256 is usual"
            )

    def to_json(self) -> str:
        """The settings as JSON text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> TrainSettings:
        """The settings that `to_json` wrote.

        Raises:
            SettingError: not JSON, an unknown key, or a value out of its range.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise SettingError(f"settings must be JSON, got an error at {error}; start a new run") from error
        unknown = sorted(set(values) - {item.name for item in fields(cls)})
        if unknown:
            raise SettingError(f"settings must hold known keys, got {', '.join(unknown)}; start a new run")
        return cls(**values)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, got {value!r}; choose one of them")


def _at_least(name: str, value: Any, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise SettingError(f"{name} must be a whole number of at least {low}, got {value!r}; leave it out to be safe")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingError(f"{name} must be within {low:g}..{high:g}, got {value}; leave it out for the default")
