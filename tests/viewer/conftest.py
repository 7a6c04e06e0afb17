"""A picture with its radar, its reference and its values, small and made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from made import TRANSFORM, speckled

MakeTif = Callable[..., Path]
ORANGE = (200, 120, 40)


@dataclass(frozen=True)
class Ground:
    """Files of one ground."""

    colour: Path
    radar: Path
    reference: Path
    error: Path
    memory: Path
    classes: Path

    @property
    def all(self) -> list[Path]:
        """The picture first."""
        return [self.colour, self.radar, self.reference, self.error, self.memory, self.classes]


@pytest.fixture
def ground(make_tif: MakeTif) -> Ground:
    """240 x 320 pixels of 10 m; the reference has pixels of 20 m over the western half."""
    tags = {
        "SAR_COLORIZE_NOTICE": "The colours are predicted from radar backscatter, not measured.",
        "SAR_COLORIZE_MODEL": "by-place", "SAR_COLORIZE_WEIGHTS_SHA256": "ab" * 32,
        "SAR_COLORIZE_SOURCE": "/home/somebody/secret/S1A_20260302.zip", "SAR_COLORIZE_REFERENCE": "/x/reference.tif",
        "SAR_COLORIZE_REFERENCE_DATE": "2025-08-01", "SAR_COLORIZE_REFERENCE_LICENCE": "CC BY 4.0",
        "SAR_COLORIZE_REFERENCE_CREDIT": "Contains modified Copernicus Sentinel data", "SAR_COLORIZE_BANDS": "VV",
        "SAR_COLORIZE_PALETTE": '{"note": "Expected at the place; more"}',
        "SAR_COLORIZE_LEGEND": "water 60% #102030, <b>wood 40% #203010, \"> 1% #10",
        "SAR_COLORIZE_SETTINGS": '{"filter": "lee", "size": 7}',
    }  # fmt: skip
    orange = np.empty((3, 240, 320), np.uint8)
    orange[:] = np.array(ORANGE, np.uint8)[:, None, None]
    ramp = np.broadcast_to(np.linspace(0, 10, 320, dtype=np.float32), (240, 320))
    shares = np.stack([np.full((240, 320), 80, np.uint8), np.full((240, 320), 5, np.uint8)])
    kinds = np.stack([np.where(np.arange(240)[:, None] < 120, 1, 2).repeat(320, 1), np.full((240, 320), 70)]).astype(
        np.uint8
    )
    of_kinds = {"SAR_COLORIZE_KINDS": "1 water, 2 <i>wood", "SAR_COLORIZE_LEGEND": "water 60% #102030"}
    coarse = TRANSFORM @ Affine.scale(2)
    return Ground(
        make_tif(orange, "colour.tif", names=("red", "green", "blue"), tags=tags),
        make_tif(speckled(240, 320), "radar.tif", names=("VV",), tags={"UNITS": "dB"}),
        make_tif(np.full((3, 120, 80), 90, np.uint8), "reference.tif", transform=coarse),
        make_tif(ramp, "error.tif", names=("expected_ab_error",), nodata=np.nan),
        make_tif(shares, "memory.tif", names=("memory", "changed")),
        make_tif(kinds, "classes.tif", names=("kind", "probability"), tags=of_kinds),
    )
