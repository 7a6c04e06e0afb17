from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import UTM33, write_pair
from PIL import Image

from sar_colorize.simulate.landscape import MEAN_DB
from sar_colorize.simulate.optical import COLOURS
from sar_colorize.simulate.scene import simulate_scene

SIDE = 96
DATES = {"coast_a": ("20200315", "20200601", "20200901"), "hills_b": ("202003", "202006")}


def write_tif(path: Path, values: np.ndarray, transform: Affine, names: tuple[str, ...]) -> None:
    """A GeoTIFF of UTM zone 33 N."""
    nodata = np.nan if values.dtype == np.float32 else None
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), height=values.shape[1], width=values.shape[2],
        dtype=values.dtype, crs=UTM33, transform=transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values)
        dataset.descriptions = names


@pytest.fixture(scope="session")
def series(tmp_path_factory) -> Path:
    """Simulated ground at two places far apart: three days and two months, cereal brown at the last date of each."""
    folder = tmp_path_factory.mktemp("series")
    for number, (place, dates) in enumerate(DATES.items()):
        transform = Affine(10.0, 0.0, 400000.0 + 50000.0 * number, 0.0, -10.0, 5000000.0)
        for when, date in enumerate(dates):
            scene = simulate_scene(SIDE, SIDE, seed=number)
            db = scene.raster.values + np.random.default_rng(when).normal(0, 0.5, scene.raster.values.shape)
            colours = np.array([COLOURS[name] for name in MEAN_DB], float)
            if date == dates[-1]:
                colours[:3] += (30, -10, -20)
            shade = np.random.default_rng(10 * number + when).normal(1.0, 0.06, (SIDE, SIDE, 1))
            rgb = np.clip(np.rint(colours[scene.cover] * shade), 1, 255).astype(np.uint8).transpose(2, 0, 1)
            write_tif(folder / f"{place}_{date}_s1.tif", db.astype(np.float32), transform, ("VV", "VH"))
            write_tif(folder / f"{place}_{date}_s2.tif", rgb, transform, ("B04", "B03", "B02"))
    return folder


@pytest.fixture
def floods(tmp_path) -> Path:
    """Pairs before and after a flood over three splits, one with the flood marked in its left half."""
    folder = tmp_path / "pairs"
    for split, site, key in (
        ("train", "plain", "b0001"), ("train", "plain", "a0001"), ("val", "delta", "b0007"),
        ("val", "delta", "b0008"), ("val_after", "delta", "a0007"), ("val_after", "delta", "a0009"),
        ("test", "coast", "b0003"), ("test_after", "coast", "a0003"),
    ):  # fmt: skip
        write_pair(folder, split, site, key, seed=len(key + site) + int(key[1:]))
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    path = folder / "val_after" / "delta" / "flood" / "delta_flood_a0007.png"
    path.parent.mkdir()
    Image.fromarray(mask).convert("1").save(path)
    return folder
