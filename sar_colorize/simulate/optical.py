"""A colour picture of a simulated ground, as an optical satellite might have taken it at another date."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .landscape import MEAN_DB
from .scene import SimulatedScene

COLOURS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "sea": (32, 58, 88),
        "water": (52, 78, 86),
        "grass": (104, 116, 76),
        "cereal": (158, 144, 102),
        "maize": (80, 98, 60),
        "bare": (146, 118, 96),
        "forest": (48, 68, 46),
        "town": (150, 146, 142),
        "road": (122, 118, 114),
    }
)
"""Land cover -> mean colour, sRGB."""
COARSER = 2
"""Its pixels are so many times as wide as the scene's."""


def optical_picture(scene: SimulatedScene, seed: int = 0) -> NDArray[np.uint8]:
    """(3, H / 2, W / 2) sRGB of the whole ground: the colours of its cover, and no two pixels quite alike."""
    random = np.random.default_rng((seed, 1))
    means = np.array([COLOURS[name] for name in MEAN_DB], np.float32)[scene.cover]  # (H, W, 3)
    height, width = (side // COARSER for side in scene.cover.shape)
    cut = means[: height * COARSER, : width * COARSER].reshape(height, COARSER, width, COARSER, 3).mean((1, 3))
    shade = random.normal(1.0, 0.06, (height, width, 1)).astype(np.float32)
    picture: NDArray[np.uint8] = np.clip(np.rint(cut * shade), 1, 255).astype(np.uint8).transpose(2, 0, 1)
    return picture


def write_optical(path: str | os.PathLike[str], scene: SimulatedScene, share: float, seed: int = 0) -> Path:
    """The western part of `optical_picture` as a GeoTIFF.

    Args:
        share: of the width, 0..1.
    """
    import rasterio
    from affine import Affine

    picture = optical_picture(scene, seed)
    picture = picture[:, :, : max(1, round(share * picture.shape[2]))]
    transform = scene.grid.transform * Affine.scale(COARSER)
    with rasterio.open(
        path, "w", driver="GTiff", height=picture.shape[1], width=picture.shape[2], count=3, dtype="uint8",
        crs=scene.grid.crs_wkt, transform=transform, photometric="RGB", compress="deflate",
    ) as dataset:  # fmt: skip
        dataset.write(picture)
        dataset.update_tags(SOURCE=f"sar_colorize simulation, seed {seed}: not a real place")
    return Path(path)
