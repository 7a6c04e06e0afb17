"""The figures of each pair in its catalogue: how clouded, how flat, how far apart its two sides lie."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color import srgb_to_lab
from ..reference.clouds import DARKEST_GROUND, ground
from .lightness import radar_db, radar_raster

_PLAIN_L = 10.0
_LEAST_ALIKE = 0.25


def scores(code: NDArray[np.uint8], polarization: str, rgb: NDArray[np.uint8]) -> dict[str, float]:
    """Figures of a pair.

    cloud: share of white cloud. flat: 1 where the colour patch shows nothing, 0 where its L spreads by 10 or more.
    shift_px: how far its edges lie from those of the radar, see `shift_px`.

    Args:
        code: (H, W) radar in display code.
        polarization: of the radar.
        rgb: (3, H, W), 0..255.
    """
    white = ~ground(rgb) & (rgb.max(0) >= DARKEST_GROUND)
    lightness = srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0))[0]
    return {
        "cloud": round(float(white.mean()), 4),
        "flat": round(1.0 - min(1.0, float(lightness.std()) / _PLAIN_L), 4),
        "shift_px": shift_px(radar_db(radar_raster(code, polarization), "lee")[0], lightness),
    }


def shift_px(radar: NDArray[Any], lightness: NDArray[Any]) -> float:
    """How far the edges of the colour lie from those of the radar, by cross correlation, in pixels.

    NaN where the edges do not resemble each other even so, at a correlation under 0.25.
    """
    from skimage.registration import phase_cross_correlation

    edges = [np.hypot(*np.gradient(x)) for x in (radar, lightness)]
    edges = [edge - edge.mean() for edge in edges]
    if not all(edge.any() for edge in edges):
        return float("nan")
    correlate: Any = phase_cross_correlation
    shift = correlate(*edges, normalization=None)[0]
    moved = np.roll(edges[1], [int(s) for s in shift], (0, 1))
    alike = float((edges[0] * moved).mean() / (edges[0].std() * edges[1].std()))
    return round(float(np.hypot(*shift)), 2) if alike >= _LEAST_ALIKE else float("nan")
