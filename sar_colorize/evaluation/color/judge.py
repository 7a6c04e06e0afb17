"""Measures any number of pictures of one pair: what is needed of the real picture is computed once."""

from __future__ import annotations

import numpy as np

from ...color import lab_to_srgb
from ...raster import Float32
from .feature_distance import FeatureNetwork, feature_distance
from .legibility import agreement, kinds_of
from .metrics import all_metrics
from .patch import Patch


class Judge:
    """Every metric of pictures of a patch.

    Args:
        patch: with the real picture.
        network: for feature distances; without it they are NaN.
    """

    def __init__(self, patch: Patch, network: FeatureNetwork | None) -> None:
        self.patch, self.network = patch, network
        self.kinds = kinds_of(patch.true_lab, patch.valid)
        self.features = None if network is None else network.look(patch.true_rgb)

    def measure(self, lab: Float32) -> tuple[dict[str, float], Float32 | None]:
        """The metrics of a picture (3, H, W) in CIE Lab by key of `METRICS`, and its (320,) features for KID."""
        patch, valid = self.patch, self.patch.valid
        found = all_metrics(lab, patch.true_rgb, patch.true_lab, valid)
        legible, water = agreement(kinds_of(lab, valid), self.kinds, valid)
        found |= {"legibility": legible, "water_iou": water, "feature_distance": float("nan")}
        if self.network is None or self.features is None:
            return found, None
        seen = self.network.look(np.where(valid, lab_to_srgb(lab), patch.true_rgb))
        return found | {"feature_distance": feature_distance(seen, self.features, valid)}, seen.mean
