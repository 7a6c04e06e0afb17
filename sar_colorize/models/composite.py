"""The honest baseline without weights: polarisations as red, green and blue, or a grey ramp where there is one.

red = VV, green = VH, blue = VV / VH, each over a fixed range of decibels; a false-colour composite in common use. Its
colours are a code for scattering, not a prediction of what the eye would see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from ..color import L_MAX
from .card import Card
from .painter import Painted, RadarAlone, Runnable

RATIO_DB = (2.0, 14.0)
"""VV / VH in decibels shown as no blue and full blue."""
COMPOSITE = Card(
    name="composite",
    architecture="composite",
    output="rgb",
    input="sar-l",
    stride_px=1,
    halo_px=0,
    summary="False colours from the two polarisations, painted by a formula; no network and no prediction.",
    sources="none",
    limits="The colours are those of the radar, not of the ground.",
)


@dataclass(frozen=True)
class CompositePainter(RadarAlone):
    """The composite of one or two polarisations, co-polarised first; grey where there is one. See `painter.Painter`."""

    bands: tuple[str, ...]
    card: Card = COMPOSITE
    network: Runnable | None = None

    structure: ClassVar[None] = None

    def picture(self, out: Any, lightness: Any, db: Any, beside: Any = None, numbers: Any = None) -> Painted:  # noqa: ARG002  # no network
        """Whole codes of 0..255, as sRGB in 0..1."""
        xp = namespace(lightness)
        levels = lightness[:, :2] * np.float32(255.0 / L_MAX)  # (B, C, H, W)
        channels = [levels[:, 0]] * 3
        if levels.shape[1] == 2:
            low, high = RATIO_DB
            ratio = (lightness if db is None else db)[:, :2]
            ratio = xp.clip(
                (ratio[:, 0] - ratio[:, 1] - np.float32(low)) * np.float32(255.0 / (high - low)), 0.0, 255.0
            )
            channels = [levels[:, 0], levels[:, 1], ratio]
        return Painted(srgb=xp.floor(xp.stack(channels, 1) + np.float32(0.5)) / np.float32(255.0))
