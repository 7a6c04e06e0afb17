"""How a network is adapted to a region."""

from __future__ import annotations

from dataclasses import dataclass

from ...engine.choose import DEVICES, PRECISIONS
from .. import limits

CHOICES = {"device": DEVICES, "precision": PRECISIONS}


@dataclass(frozen=True)
class AdaptSettings:
    """How a network is adapted to a region."""

    model: str = "by-place"
    """What to begin with: `by-place`, or a weights file of its kind."""
    steps: int = 300
    """Most training steps."""
    minutes: float = 10.0
    """Most minutes of training; steps or minutes, whichever is reached first."""
    batch: int = 16
    """Patches in one step."""
    patch_px: int = 128
    """Side of a patch in pixels."""
    learning_rate: float = 3e-4
    """Learning rate of Adam at its highest; it falls along half a cosine."""
    held_out: float = 0.25
    """Share of the region, in blocks of 4 x 4 patches, that is never learned from and decides."""
    least_gain: float = 0.01
    """Share of the error of a and b on the held-out blocks that must be gained."""
    seed: int = 0
    """Seed of all random numbers."""
    device: str = "auto"
    """Device to train on; "auto" takes a GPU where there is one."""
    precision: str = "auto"
    """Precision of the forward passes; "auto" takes bf16 where the device multiplies it in hardware."""

    def __post_init__(self) -> None:
        limits.at_least(self, 1, "steps", "batch")
        limits.at_least(self, 0, "seed")
        limits.at_most(self, limits.LARGEST_SEED, "seed")
        limits.multiple_of(self, "patch_px", 32, "by-place")
        limits.at_most(self, limits.MOST_IN_A_BATCH, "batch")
        limits.at_most(self, limits.LARGEST_PATCH_PX, "patch_px")
        limits.above_zero(self, "minutes", "learning_rate", "held_out", "least_gain")
        limits.share_below_one(self, "held_out", "least_gain")
        for name, allowed in CHOICES.items():
            limits.one_of(self, name, allowed)
