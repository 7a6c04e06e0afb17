"""Small inputs of every verb: scenes, a picture, pairs, weights, an area; made once, of nothing but a seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine

SIZE_PX = 192


@dataclass(frozen=True)
class Ground:
    """Where the inputs are; all show the same ground."""

    folder: Path
    """Holds them all."""
    scene: Path
    """VV and VH in decibels, NaN in holes."""
    later: Path
    """The same a day later."""
    optical: Path
    """Red, green and blue, 8 bit."""
    pairs: Path
    """A folder of pairs of 64 px."""
    weights: Path
    """A network like by-place with random weights."""
    area: Path
    """A polygon over half of the scene, GeoJSON."""


def make_ground(folder: Path, *, side_px: int = SIZE_PX) -> Ground:
    """Makes the inputs in a folder that exists.

    Args:
        side_px: of the scenes and the picture.
    """
    from made import write_pair, write_weights

    from sar_colorize.models.by_place import halo_px
    from sar_colorize.models.by_place_picture import STRIDE_PX

    made = Ground(
        folder, folder / "scene.tif", folder / "later.tif", folder / "optical.tif", folder / "pairs",
        folder / "weights.safetensors", folder / "area.geojson",
    )  # fmt: skip
    _rasters(made, side_px)
    for number, (split, site) in enumerate(
        (("train", "hills"), ("train", "plain"), ("val", "coast"), ("test", "town"))
    ):
        for key in range(4):
            write_pair(made.pairs, split, site, f"{key:04d}", seed=10 * number + key)
    halo = halo_px()
    write_weights(
        made.weights, architecture="by-place", output="maps", channels=2, settings={"width": 8}, halo_px=halo,
        stride_px=STRIDE_PX, tile_px=64 + 2 * halo, overlap_px=2 * halo,
    )  # fmt: skip
    corners = [(x, y) for x, y in ((0, 0), (side_px // 2, 0), (side_px // 2, side_px), (0, side_px), (0, 0))]
    ring = [(500_000.0 + 10 * x, 5_000_000.0 - 10 * y) for x, y in corners]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    polygon = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    made.area.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [polygon]}))
    return made


def _rasters(made: Ground, side_px: int) -> None:
    import rasterio

    random = np.random.default_rng(0)
    bright = np.where(np.arange(side_px) < side_px // 2, 0.02, 0.2)
    grid = {"driver": "GTiff", "height": side_px, "width": side_px, "crs": "EPSG:32633", "tiled": True,
            "blockxsize": 64, "blockysize": 64, "transform": Affine(10, 0, 500_000, 0, -10, 5_000_000)}  # fmt: skip
    for path in (made.scene, made.later):
        power = bright * random.gamma(4.4, 1 / 4.4, (2, side_px, side_px)) * np.array([1.0, 0.2])[:, None, None]
        power[:, : side_px // 8, : side_px // 8] = np.nan
        with rasterio.open(path, "w", count=2, dtype="float32", nodata=np.nan, **grid) as file:
            file.write((10 * np.log10(power)).astype(np.float32))
            file.descriptions = ("VV", "VH")
            file.update_tags(UNITS="dB")
    rgb = np.where(bright < 0.1, np.array([50, 110, 40])[:, None], np.array([150, 110, 60])[:, None])[:, None]
    rgb = np.clip(rgb + random.integers(-9, 10, (3, side_px, side_px)), 1, 255).astype(np.uint8)
    with rasterio.open(made.optical, "w", count=3, dtype="uint8", photometric="RGB", **grid) as file:
        file.write(rgb)
