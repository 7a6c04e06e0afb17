"""A patch-based filter: the mean of those pixels around whose surroundings look alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from ..backscatter import FLOOR_POWER
from .base import Filter
from .windows import box_sum, inner

PATCH_PX = 5
"""Width of the surroundings that are compared."""


@dataclass(frozen=True)
class PatchBased(Filter):
    """Probabilistic patch-based filter, without its iterations.

    out = sum of w power / sum of w over the valid pixels of the search window, w = exp(-strictness max(0, u - 1)),
    u = 2 looks mean of log((p + q)**2 / (4 p q)) over the pairs p, q of the two patches of 5 x 5 px.

    u is the generalised likelihood ratio of two patches of gamma speckle having one ground: 1 on average if they have
    (by Wilks), more if they have not. The paper's weight is exp(-T / h) with a quantile for h; here pairs that speckle
    explains count fully, so that flat ground is averaged over the whole window.

    Source: C.-A. Deledalle, L. Denis, F. Tupin, Iterative weighted maximum likelihood denoising with probabilistic
    patch-based weights, IEEE Transactions on Image Processing 18 (2009) 2661-2672.
    """

    name: ClassVar[str] = "ppb"
    default_size_px: ClassVar[int] = 15
    strictness: float = 2.0

    @property
    def halo_px(self) -> int:
        """Half of the window, and half of the patch at its edge."""
        return self.size_px // 2 + PATCH_PX // 2

    def _estimate(self, power: Any, present: Any) -> Any:
        xp, reach, patch = namespace(power), self.size_px // 2, PATCH_PX // 2
        power = xp.clip(power, np.float32(FLOOR_POWER), None)
        half_log = xp.log(power) + np.float32(np.log(2.0))
        near = inner(power if present is None else power * present, patch)
        height, width = (side - 2 * reach for side in near.shape[-2:])
        total = inner(near, reach) + np.float32(0.0)
        weights = xp.ones_like(total)
        for row in range(reach + 1):
            for col in range(-reach if row else 1, reach + 1):
                weight = self._weights(power, half_log, present, row, col)
                # pairs of this pixel and the one `row, col` further on, from -row, -col to height, width
                ahead = weight[..., row:, max(0, col) : max(0, col) + width]
                behind = weight[..., :height, max(0, -col) : max(0, -col) + width]
                total += ahead * _moved(near, reach, row, col, height, width)
                total += behind * _moved(near, reach, -row, -col, height, width)
                weights += ahead
                weights += behind
        return total / weights

    def _weights(self, power: Any, logs: Any, present: Any, row: int, col: int) -> Any:
        """The weight of each pixel and the one `row, col` further on, 0 where one is invalid.

        Returns:
            (..., h + row, w + |col|).
        """
        xp, reach, patch = namespace(power), self.size_px // 2, PATCH_PX // 2
        height, width = (side - 2 * (reach + patch) for side in power.shape[-2:])
        top, left = reach - row, reach - max(0, col)
        bottom, right = top + height + row + 2 * patch, left + width + abs(col) + 2 * patch

        def here(values: Any) -> Any:
            return values[..., top:bottom, left:right]

        def there(values: Any) -> Any:
            return values[..., top + row : bottom + row, left + col : right + col]

        unlike = xp.log(here(power) + there(power))
        unlike *= np.float32(2.0)
        unlike -= here(logs)
        unlike -= there(logs)
        if present is None:
            mean = box_sum(unlike, PATCH_PX)
            mean /= np.float32(PATCH_PX * PATCH_PX)
        else:
            both = here(present) * there(present)
            mean = box_sum(xp.where(both > 0, unlike, 0.0), PATCH_PX)
            mean /= xp.clip(box_sum(both, PATCH_PX), 1.0, None)
        mean *= np.float32(2.0 * self.looks)
        weight = xp.exp(xp.clip(mean - np.float32(1.0), 0.0, None) * np.float32(-self.strictness))
        return weight if present is None else weight * inner(both, patch)


def _moved(values: Any, margin_px: int, row: int, col: int, height: int, width: int) -> Any:
    """The (..., height, width) that begins at the margin, moved by row and col."""
    return values[..., margin_px + row : margin_px + row + height, margin_px + col : margin_px + col + width]
