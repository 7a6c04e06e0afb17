"""Every choice of a training run, in one frozen record for each system; saved beside what the run makes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from ...engine.choose import DEVICES, PRECISIONS
from ...errors import SettingError
from ...speckle import FILTER_NAMES
from .. import limits

INPUTS = ("sar-l", "optical-l")
"""The lightness that a network gets: that of the radar, or that of the colour picture itself."""


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """The settings that every system has; a system's own record adds to them and gives the values of its recipe."""

    model: ClassVar[str]
    patch_step_px: ClassVar[int]
    choices: ClassVar[dict[str, tuple[str, ...]]] = {
        "keep": ("best", "last"),
        "schedule": ("cosine", "constant"),
        "filter": FILTER_NAMES,
        "device": DEVICES,
        "precision": PRECISIONS,
    }

    name: str = "my-model"
    """Name of the network in its card."""
    width: int
    """Channels of the first level of the network."""
    epochs: int = 40
    """Passes over the training pairs; the schedule of the learning rate ends with them."""
    keep: str
    """Whose weights are kept: those of the epoch that is "best" on val in a and b, or of the "last"."""
    patience: int = 0
    """Epochs without a better val before training stops; 0 never stops early."""
    batch: int = 16
    """Patches in one step."""
    patch_px: int = 256
    """Side of a training patch in pixels."""
    crops: int = 4
    """Most patches taken from one pair in one epoch; large pairs have room for several."""
    learning_rate: float
    """Learning rate of Adam."""
    beta1: float
    """First moment decay of Adam."""
    schedule: str
    """Learning rate over the run: "cosine", after a short warm-up, or "constant"."""
    ema_decay: float
    """Decay of the running mean of weights that is validated and kept; 0 for none."""
    filter: str = "lee"
    """Speckle filter before the radar's lightness."""
    filter_share: float = 0.6
    """Share of the patches that pass through the filter."""
    level_db: float = 2.0
    """Standard deviation of the random shift of a patch, in dB."""
    contrast: float = 0.2
    """Standard deviation of the logarithm of the random stretch of a patch."""
    speckle_share: float = 0.3
    """Share of the patches that get simulated speckle."""
    hole_share: float = 0.15
    """Share of the patches that get an invalid part."""
    fill_lightness: float = 50.0
    """Lightness of invalid pixels, 0..100."""
    seed: int = 0
    """Seed of all random numbers: the same seed and data give the same network on one machine."""
    device: str = "auto"
    """Device to train on; "auto" takes a GPU where there is one."""
    precision: str = "auto"
    """Precision of the forward passes; "auto" takes bf16 where the device multiplies it in hardware."""
    workers: int = 0
    """Processes that read patches ahead; 0 reads in the training process."""
    devices: int = 1
    """GPUs to train on; more than 1 needs the package lightning."""

    def __post_init__(self) -> None:
        for name, allowed in self.choices.items():
            limits.one_of(self, name, allowed)
        limits.at_least(self, 1, "width", "epochs", "batch", "crops", "devices")
        limits.at_least(self, 0, "patience", "workers", "seed")
        limits.at_most(self, limits.LARGEST_SEED, "seed")
        limits.at_most(self, limits.MOST_PROCESSES, "workers", "devices")
        limits.at_most(self, limits.MOST_IN_A_BATCH, "batch", "crops")
        limits.at_most(self, limits.LARGEST_PATCH_PX, "patch_px")
        limits.at_most(self, limits.WIDEST, "width")
        limits.within(self, 0.0, 1.0, "filter_share", "speckle_share", "hole_share")
        limits.within(self, 0.0, 1e6, "level_db", "contrast")
        limits.within(self, 0.0, 100.0, "fill_lightness")
        limits.above_zero(self, "learning_rate")
        limits.share_below_one(self, "ema_decay", "beta1")
        limits.multiple_of(self, "patch_px", self.patch_step_px, self.model)

    def to_json(self) -> str:
        """The settings as JSON text, with the system's name under "model"."""
        return json.dumps({"model": self.model} | asdict(self), indent=1, sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class ColorSARSettings(CommonSettings):
    """colorsar: regression of a and b, or a choice among colour classes, under the given lightness."""

    model: ClassVar[str] = "colorsar"
    patch_step_px: ClassVar[int] = 16
    choices: ClassVar[dict[str, tuple[str, ...]]] = CommonSettings.choices | {
        "input": INPUTS,
        "head": ("ab", "classes"),
    }

    width: int = 32
    keep: str = "best"
    learning_rate: float = 2e-3
    beta1: float = 0.9
    schedule: str = "cosine"
    ema_decay: float = 0.99
    input: str = "sar-l"
    """Lightness that the network gets: "sar-l", of the radar, or "optical-l", of the colour picture itself."""
    rebalance: float = 0.5
    """How far rare colours count more than frequent ones in the loss of a and b, 0..1."""
    head: str = "ab"
    """What it learns: "ab" regresses a and b, "classes" chooses among colours."""
    spacing: float = 12.0
    """Distance of neighbouring colour classes, in Lab units."""
    huber: float = 4.0
    """Error of a and b, in Lab units, above which their loss is linear."""

    def __post_init__(self) -> None:
        super().__post_init__()
        limits.within(self, 0.0, 1.0, "rebalance")
        limits.within(self, 4.0, 40.0, "spacing")
        limits.above_zero(self, "huber")


@dataclass(frozen=True, kw_only=True)
class Pix2PixSettings(CommonSettings):
    """pix2pix: the whole picture, by a generator against a discriminator."""

    model: ClassVar[str] = "pix2pix"
    patch_step_px: ClassVar[int] = 256
    choices: ClassVar[dict[str, tuple[str, ...]]] = CommonSettings.choices | {"input": INPUTS}

    width: int = 64
    keep: str = "last"
    learning_rate: float = 2e-4
    beta1: float = 0.5
    schedule: str = "constant"
    ema_decay: float = 0.0
    input: str = "sar-l"
    """Lightness that the network gets: "sar-l", of the radar, or "optical-l", of the colour picture itself."""
    l1_weight: float = 100.0
    """Weight of the L1 distance to the real picture."""
    feature_weight: float = 0.0
    """Weight of matching the discriminator's features of the real picture."""
    structure_weight: float = 0.0
    """Weight of unlike structure of the brightness."""

    def __post_init__(self) -> None:
        super().__post_init__()
        limits.within(self, 0.0, 1e6, "l1_weight", "feature_weight", "structure_weight")


@dataclass(frozen=True, kw_only=True)
class ByPlaceSettings(CommonSettings):
    """by-place: the whole picture, from the radar and the palette of the place."""

    model: ClassVar[str] = "by-place"
    patch_step_px: ClassVar[int] = 32
    input: ClassVar[str] = "sar-l"

    width: int = 48
    keep: str = "last"
    learning_rate: float = 2e-3
    beta1: float = 0.9
    schedule: str = "cosine"
    ema_decay: float = 0.998
    structure_weight: float = 0.0
    """Weight of unlike structure of the brightness."""
    none_share: float = 0.1
    """Share of the patches that come without a palette."""
    guess_share: float = 0.2
    """Share of the patches whose palette is a guess from the map instead of a measured one."""
    recolour_share: float = 0.6
    """Share of the patches that are moved to other colours together with their palette."""

    def __post_init__(self) -> None:
        super().__post_init__()
        limits.within(self, 0.0, 1e6, "structure_weight")
        limits.within(self, 0.0, 1.0, "none_share", "guess_share", "recolour_share")


TrainSettings = ColorSARSettings | Pix2PixSettings | ByPlaceSettings
SYSTEMS: dict[str, type[TrainSettings]] = {
    kind.model: kind for kind in (ByPlaceSettings, ColorSARSettings, Pix2PixSettings)
}
"""The record of each system's settings, by its name."""
CHOICES: dict[str, tuple[str, ...]] = {"model": tuple(SYSTEMS)} | {
    name: allowed for kind in SYSTEMS.values() for name, allowed in kind.choices.items()
}
"""What a setting may be, where that is a short list of names; the model among them."""


def settings_of(model: str, **given: Any) -> TrainSettings:
    """The settings of a system; None leaves a setting to the system's own recipe.

    Raises:
        SettingError: no such system, a setting that it does not have, or a value out of its range.
    """
    if model not in SYSTEMS:
        raise SettingError(f"model must be one of {', '.join(SYSTEMS)}, got {model!r}; choose one of them")
    chosen = {name: value for name, value in given.items() if value is not None}
    known = {kind: {item.name for item in fields(SYSTEMS[kind])} for kind in SYSTEMS}
    for name, value in chosen.items():
        if name not in known[model]:
            owners = [kind for kind, names in known.items() if name in names]
            reason = f"it is a setting of {' and '.join(owners)}" if owners else "there is no such setting"
            raise SettingError(f"{name} must be left out for {model}, got {value!r}; {reason}")
    return SYSTEMS[model](**chosen)
