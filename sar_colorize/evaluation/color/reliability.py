"""Whether a model that says how far from the truth it expects to be is right about it."""

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
        """A pair: expected error (H, W), predicted and true CIE Lab (3, H, W), where they count (H, W)."""
        said, real = expected[valid], np.abs(lab[1:, valid] - true_lab[1:, valid]).mean(0)
        bins = np.minimum(said, TOP).astype(np.int64)
        for sums, values in ((self.counts, None), (self.expected, said), (self.real, real)):
            sums += np.bincount(bins, values, TOP + 1)
        self.patches.append((float(said.mean()), float(real.mean())))

    def spearman(self) -> float:
        """Rank correlation of expected and real error over pairs; NaN for fewer than 3."""
        if len(self.patches) < 3:
            return float("nan")
        expected, real = np.argsort(np.argsort(np.array(self.patches), axis=0), axis=0).T
        return float(np.corrcoef(expected, real)[0, 1])

    def to_dict(self) -> dict[str, Any]:
        """For metrics.json: the correlation, and for each bin that was met the mean expected and real error."""
        rho = self.spearman()
        met = self.counts > 0
        return {
            "spearman_over_pairs": round(rho, 4) if np.isfinite(rho) else None,
            "expected": [round(float(x), 3) for x in self.expected[met] / self.counts[met]],
            "real": [round(float(x), 3) for x in self.real[met] / self.counts[met]],
            "share": [round(float(x), 5) for x in self.counts[met] / self.counts.sum()],
        }
