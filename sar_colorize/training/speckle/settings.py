"""Every choice of a training run of the speckle filter, saved beside what the run makes."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import SettingError
from ...speckle.network import DILATIONS
from .. import limits


@dataclass(frozen=True)
class FilterSettings:
    """What the speckle filter learns from, and how."""

    width: int = 16
    """Channels of the network."""
    dilations: tuple[int, ...] = DILATIONS
    """Dilation of each of its residual blocks."""
    steps: int = 10000
    """Training steps; the learning rate falls by half a cosine over them."""
    batch: int = 8
    """Patches in one step."""
    patch_px: int = 96
    """Side of a patch in pixels."""
    learning_rate: float = 2e-3
    """Learning rate of Adam."""
    ema_decay: float = 0.998
    """Decay of the running mean of weights that is kept."""
    looks: tuple[float, float] = (1.0, 20.0)
    """Least and most looks of simulated speckle."""
    spread_px: tuple[float, float] = (0.35, 1.35)
    """Least and most standard deviation of the Gaussian point spread of the amplitude, in pixels. Those of Sentinel-1
    GRD, from the autocorrelation of speckle on 20 real images, are 0.9 to 1.25."""
    persistent_share: float = 0.45
    """How often a part of the speckle is the same in each pass."""
    mean_weight: float = 1.0
    """Weight of the loss of block means."""
    hole_share: float = 0.2
    """How often a patch has an invalid part."""
    real_share: float = 0.5
    """How often a batch is of real dates, where there are any."""
    real_mean_weight: float = 3.0
    """Weight of the loss of block means of real dates."""
    usual_share: float = 0.6
    """How often the filter gets 4.4 looks for a real date, instead of the looks that are new at each date."""
    teacher_weight: float = 2.0
    """Weight of the distance from the answer of a teacher, where there is one."""
    seed: int = 0
    """Seed of all random numbers."""

    def __post_init__(self) -> None:
        limits.at_least(self, 1, "width", "steps", "batch", "patch_px")
        limits.at_most(self, limits.MOST_IN_A_BATCH, "batch")
        limits.at_most(self, limits.LARGEST_PATCH_PX, "patch_px")
        limits.at_most(self, limits.WIDEST, "width")
        limits.at_least(self, 0, "seed")
        limits.at_most(self, limits.LARGEST_SEED, "seed")
        limits.above_zero(self, "learning_rate")
        limits.share_below_one(self, "ema_decay")
        limits.within(self, 0.0, 1.0, "persistent_share", "hole_share", "real_share", "usual_share")
        limits.within(self, 0.0, 1e6, "mean_weight", "real_mean_weight", "teacher_weight")
        for name in ("looks", "spread_px"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise SettingError(f"{name} must be a least and a most above 0, got {low} and {high}; leave it out")
