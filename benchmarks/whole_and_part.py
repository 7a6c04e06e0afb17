"""Colours without a picture in a large scene against those of its parts: the table of docs/by_place.md.

    python benchmarks/whole_and_part.py RADAR [--month 7] [--pixel 40] [--out FOLDER]

RADAR, a raster of VV and VH in dB, is repeated over scenes of some degrees in places where the ground changes within
them. Each is coloured whole, and 16 parts of 256 px by themselves, as small scenes with an expectation of their own.
Prints the mean absolute difference of the two, over the parts, in Lab units: for the scene as it is coloured, and with
one expectation for all of it; and the CPU seconds of both.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab

PLACES = {
    "California, coast to Mojave": (-119.0, 33.5, -116.0, 35.5),
    "Niger, Sahel to Sahara": (2.0, 13.0, 4.0, 16.0),
    "Chile and Argentina, over the Andes": (-72.0, -34.0, -69.0, -32.0),
    "Morocco, Atlas to desert": (-8.5, 30.5, -6.0, 32.5),
    "Belgium and the Ardennes": (4.5, 49.5, 7.0, 51.0),
    "Kerala to the Deccan": (75.5, 10.5, 78.0, 12.5),
}
"""West, south, east, north."""
PART_PX, EDGE_PX = 256, 16


def main() -> None:
    """A line for each place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("radar", type=Path)
    parser.add_argument("--month", type=int)
    parser.add_argument("--pixel", type=float, default=40.0, help="metres")
    parser.add_argument("--out", type=Path, help="a folder for the pictures")
    given = parser.parse_args()
    date = None if given.month is None else f"2021-{given.month:02}"
    print(f"{'':38} varying: L a b   one: L a b   seconds: varying, one")
    for name, (west, south, east, north) in PLACES.items():
        with tempfile.TemporaryDirectory() as folder:
            scene = Path(folder) / "scene.tif"
            degrees = given.pixel / 111_320.0
            shape = int((north - south) / degrees), int((east - west) / degrees)
            make(given.radar, scene, (west, north), degrees, shape)
            (varying, first), (one, second) = coloured(scene, date), coloured(scene, date, steady=True)
            parts = list(parts_of(scene, Path(folder) / "part.tif", date))
        if given.out:
            write(given.out / f"{name.split(',')[0].replace(' ', '_')}.png", varying, one)
        shown = [np.mean([off(whole, *part) for part in parts], 0) for whole in (varying, one)]
        figures = "   ".join(" ".join(f"{x:5.2f}" for x in each) for each in shown)
        print(f"{name:38} {figures}   {first:5.1f} {second:5.1f}", flush=True)


def make(radar: Path, path: Path, corner: tuple[float, float], degrees: float, shape: tuple[int, int]) -> None:
    """A large scene of a small one, repeated with every other copy mirrored."""
    with rasterio.open(radar) as dataset:
        values = dataset.read([1, 2])
    pair = np.concatenate([values, values[:, ::-1]], 1)
    four = np.concatenate([pair, pair[:, :, ::-1]], 2)
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": 2, "height": shape[0], "width": shape[1], "crs": "EPSG:4326",
        "transform": Affine(degrees, 0, corner[0], 0, -degrees, corner[1]), "tiled": True,
    }  # fmt: skip
    times = (1, -(-shape[0] // four.shape[1]), -(-shape[1] // four.shape[2]))
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.tile(four, times)[:, : shape[0], : shape[1]])
        dataset.descriptions = ("VV", "VH")
        dataset.update_tags(UNITS="dB")


def coloured(scene: Path, date: str | None, *, steady: bool = False) -> tuple[np.ndarray, float]:
    """(3, H, W) of a scene and its CPU seconds; steady: with one expectation."""
    start = time.process_time()
    with patch("sar_colorize.scene_palette.nodes_of", lambda _: None) if steady else patch.dict({}):
        made = sc.colorize(scene, date=date).values[:3]
    return made, time.process_time() - start


def parts_of(scene: Path, path: Path, date: str | None) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """(rows, columns) of parts spread over a scene, and the picture of each by itself."""
    with rasterio.open(scene) as dataset:
        for row in np.linspace(0, dataset.height - PART_PX, 4).astype(int):
            for col in np.linspace(0, dataset.width - PART_PX, 4).astype(int):
                window = Window(int(col), int(row), PART_PX, PART_PX)
                profile = {**dataset.profile, "height": PART_PX, "width": PART_PX,
                           "transform": dataset.window_transform(window)}  # fmt: skip
                with rasterio.open(path, "w", **profile) as part:
                    part.write(dataset.read(window=window))
                    part.descriptions = dataset.descriptions
                    part.update_tags(UNITS="dB")
                yield (slice(row, row + PART_PX), slice(col, col + PART_PX)), sc.colorize(path, date=date).values[:3]


def off(whole: np.ndarray, at: tuple[slice, slice], part: np.ndarray) -> np.ndarray:
    """(3,) mean absolute difference in L, a and b, without the edge of the part."""
    pair = [x[:, EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] for x in (whole[(slice(None), *at)], part)]
    ours, theirs = (srgb_to_lab(x.astype(np.float32) / np.float32(255)) for x in pair)
    found: np.ndarray = np.abs(ours - theirs).mean((1, 2))
    return found


def write(path: Path, *pictures: np.ndarray) -> None:
    """Side by side, small."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    both = np.concatenate([picture[:, ::8, ::8] for picture in pictures], 2)
    Image.fromarray(both.transpose(1, 2, 0)).save(path)


if __name__ == "__main__":
    main()
