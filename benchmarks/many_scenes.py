"""Many small scenes in one call of `colorize`, compared with one call for each.

    python benchmarks/many_scenes.py [--scenes 20] [--size 256] [--model by-place]

Figures are seconds of processor time, child processes included, which depend little on what else the machine does, and
wall seconds beside them. Scenes are simulated speckle.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine


def write_scenes(folder: Path, count: int, size: int) -> list[Path]:
    """Scenes of VV and VH in decibels."""
    paths = []
    for number in range(count):
        random = np.random.default_rng(number)
        db = np.array([-12.0, -18.5])[:, None, None] + 10 * np.log10(random.gamma(4.4, 1 / 4.4, (2, size, size)))
        paths.append(folder / f"scene_{number:02}.tif")
        with rasterio.open(
            paths[-1], "w", driver="GTiff", height=size, width=size, count=2, dtype="float32", crs="EPSG:32633",
            transform=Affine(10.0, 0.0, 5e5, 0.0, -10.0, 5e6),
        ) as dataset:  # fmt: skip
            dataset.write(db.astype(np.float32))
            dataset.descriptions = ("VV", "VH")
            dataset.update_tags(UNITS="dB")
    return paths


def measure(*calls: list[str]) -> tuple[float, float]:
    """Processor seconds and wall seconds of calls of sar-colorize, one after the other."""
    before, started = os.times(), time.perf_counter()
    for arguments in calls:
        subprocess.run([sys.executable, "-m", "sar_colorize_cli.main", "colorize", *arguments], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=os.environ | {"OMP_NUM_THREADS": "1"})  # fmt: skip  # waiting threads would count
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return used, time.perf_counter() - started


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=20)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--model", default="by-place")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scenes = write_scenes(Path(name), given.scenes, given.size)
        more = ["--model", given.model, "--reference", "none"]
        apart = measure(*([str(scene), str(scene.with_suffix(".out.tif")), *more] for scene in scenes))
        together = measure([*map(str, scenes), "--out-dir", f"{name}/colour", *more])
        assert len(list(Path(name, "colour").iterdir())) == given.scenes
    print(f"{given.scenes} scenes of {given.size} x {given.size} px, {given.model}")
    for words, (used, wall) in (("one call for each", apart), ("one call", together)):
        print(f"{words:18} {used:6.1f} s of processor time, {wall:6.1f} s")
    print(f"{'ratio':18} {apart[0] / together[0]:6.1f}, {apart[1] / together[1]:.1f}")


if __name__ == "__main__":
    main()
