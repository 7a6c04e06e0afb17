"""Whether the expected error of a model agrees with its real error."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...raster import Bool, Float32

TOP = 16
"""Expected errors above this many Lab units share the last bin; bins are 1 wide."""


class Reliability:
    """Expected and real errors of a and b of one model, added up pair by pair."""

    def __init__(self) -> None:
        self.counts, self.expected, self.real = np.zeros(TOP + 1), np.zeros(TOP + 1), np.zeros(TOP + 1)
        self.patches: list[tuple[float, float]] = []

    def add(self, expected: Float32, lab: Float32, true_lab: Float32, valid: Bool) -> None:
        """Adds a pair.

        Args:
            expected: (H, W) expected error of a and b, Lab units.
            lab: (3, H, W) predicted CIE Lab.
            true_lab: (3, H, W) real CIE Lab.
            valid: (H, W) where they are compared.
        """
        predicted, real = expected[valid], np.abs(lab[1:, valid] - true_lab[1:, valid]).mean(0)
        bins = np.minimum(predicted, TOP).astype(np.int64)
        for sums, values in ((self.counts, None), (self.expected, predicted), (self.real, real)):
            sums += np.bincount(bins, values, TOP + 1)
        self.patches.append((float(predicted.mean()), float(real.mean())))

    def spearman(self) -> float:
        """Rank correlation of expected and real error over pairs; NaN for fewer than 3."""
        if len(self.patches) < 3:
            return float("nan")
        expected, real = np.argsort(np.argsort(np.array(self.patches), axis=0), axis=0).T
        return float(np.corrcoef(expected, real)[0, 1])

    def to_dict(self) -> dict[str, Any]:
        """For metrics.json: the correlation, and for each bin that is not empty the mean expected and real error."""
        rho = self.spearman()
        met = self.counts > 0
        return {
            "spearman_over_pairs": round(rho, 4) if np.isfinite(rho) else None,
            "expected": [round(float(x), 3) for x in self.expected[met] / self.counts[met]],
            "real": [round(float(x), 3) for x in self.real[met] / self.counts[met]],
            "share": [round(float(x), 5) for x in self.counts[met] / self.counts.sum()],
        }
