"""Legibility: whether a picture shows the same kinds of ground as the real one, to a fixed classifier of colours.

The classifier knows water, wood, field (green open ground, grass among it), bare ground (sand and rock among it) and
town. It looks at the colour around a pixel and at the contrast there:

    x = (L, a, b around the pixel, log contrast of L: fine and coarse, log contrast of colour)
    kind = argmax of w[kind] . q(x), q(x) = (1, x, all products of two)

w was learned once on real pictures by tools/make_kinds.py, and is kept in kinds.json with its sources and its own
accuracy on places left out. It is the same for all models and never learns from what it judges: where it errs on the
real picture, a model is held to the same error. Intersection over union (IoU) then compares what it sees in both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian

from ...raster import Bool, Float32

KINDS = ("water", "wood", "field", "bare", "town")
"""Kinds of ground, in the order of `kinds_of`."""
TABLE = Path(__file__).parent / "kinds.json"
LEAST_SHARE = 0.02
"""A kind counts where the real picture shows at least this share of it."""
FEATURES = 6
NEAR_PX, FINE_PX, COARSE_PX = 2.0, 4.0, 8.0
"""Deviations of the Gaussian windows: of the colour, of the fine contrast, of the coarse one."""
_SCALE = np.array([25.0, 10.0, 15.0, 1.0, 1.0, 1.0])
_CENTRE = np.array([40.0, 0.0, 10.0, 1.0, 1.0, 1.0])
Float64 = NDArray[np.float64]


def legibility(lab: Float32, true_lab: Float32, valid: Bool) -> tuple[float, float]:
    """Mean IoU of the kinds of ground that the real picture shows, and IoU of water.

    Args:
        lab: (3, H, W) predicted, CIE Lab. true_lab: (3, H, W) the real one. valid: (H, W), at least one true.

    Returns:
        Both 0..1. The first is over the kinds that have `LEAST_SHARE` of the real picture; the second is NaN where
        water has less.
    """
    return agreement(kinds_of(lab, valid), kinds_of(true_lab, valid), valid)


def agreement(kinds: NDArray[np.int64], true_kinds: NDArray[np.int64], valid: Bool) -> tuple[float, float]:
    """The figures of `legibility` from kinds (H, W), numbers of `KINDS`."""
    count = len(KINDS)
    both = np.bincount(true_kinds[valid] * count + kinds[valid], minlength=count**2).reshape(count, count)
    union = both.sum(0) + both.sum(1) - both.diagonal()
    present = both.sum(1) >= LEAST_SHARE * both.sum()
    each = np.where(present, both.diagonal() / np.maximum(union, 1), np.nan)
    return float(np.nanmean(each)), float(each[0])


def kinds_of(lab: Float32, valid: Bool) -> NDArray[np.int64]:
    """(H, W) the kind that each pixel of a picture (3, H, W) in CIE Lab looks like; 0..4, anything where not valid."""
    kinds: NDArray[np.int64] = scores(features(lab, valid), _weights()).argmax(0)
    return kinds


def features(lab: Float32, valid: Bool) -> Float64:
    """(6, H, W) what the classifier looks at; colours and contrasts are those of valid pixels alone."""
    weights: dict[float, Float64] = {}

    def mean(values: Float64, sigma: float) -> Float64:
        if sigma not in weights:
            weights[sigma] = np.maximum(_blur(valid[None].astype(np.float64), sigma), 1e-6)
        means: Float64 = _blur(np.where(valid, values, 0.0), sigma) / weights[sigma]
        return means

    values = lab.astype(np.float64)
    near = mean(values, NEAR_PX)
    fine = mean(np.square(values[:1] - near[:1]), FINE_PX)
    coarse = mean(np.square(near), COARSE_PX) - np.square(mean(near, COARSE_PX))
    contrast = [fine[0], coarse[0], coarse[1] + coarse[2]]
    return np.stack([*near, *(np.log1p(np.sqrt(np.maximum(each, 0.0))) for each in contrast)])


def scores(found: Float64, weights: Float64) -> Float64:
    """(kinds, ...) how much each feature vector (6, ...) looks like each kind; `weights` is (kinds, 28)."""
    grown: Float64 = np.tensordot(weights, products(found), 1)
    return grown


def products(found: Float64) -> Float64:
    """(28, ...) one, the scaled features (6, ...), and all products of two of them."""
    shape = (FEATURES, *[1] * (found.ndim - 1))
    x = np.clip((found - _CENTRE.reshape(shape)) / _SCALE.reshape(shape), -4.0, 4.0)
    return np.stack([np.ones_like(x[0]), *x, *(x[i] * x[j] for i in range(FEATURES) for j in range(i, FEATURES))])


@cache
def _weights() -> Float64:
    """(kinds, 28) of the shipped table."""
    return np.array([card()["weights"][kind] for kind in KINDS], np.float64)


def card() -> dict[str, Any]:
    """The shipped table: weights by kind, and where they come from."""
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def shares(kinds: NDArray[np.int64], valid: Bool) -> Sequence[float]:
    """The share of each kind in valid pixels, in the order of `KINDS`."""
    counts = np.bincount(kinds[valid], minlength=len(KINDS))
    return [float(count) for count in counts / max(1, counts.sum())]


def _blur(values: Float64, sigma: float) -> Float64:
    """(C, H, W) means in a Gaussian window, mirrored at the edges."""
    means: Float64 = gaussian(values, sigma=sigma, truncate=3.0, mode="reflect", preserve_range=True, channel_axis=0)
    return means
