"""From a place and a date to a colour picture, on loopback: find, colorize with worldcover, and the bytes that it took.

    python -m tools.find_and_colorize [OUT.tif] [--rows 400 --cols 600] [--box-km 2] [--verbs colorize] [--dry-run]

A made product stands in a bucket as servers keep them (tiles, short names), its item in a STAC API (rustac, which pip
installs), and WorldCover's tiles beside it. What runs are the commands that a user types. --rows 16700 --cols 25000 is
the size of a whole IW product, with one polarisation to save time; to make it takes minutes and 2 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tools.mosaic_server import MosaicServer, serving, write_worldcover

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import made_product
from made_remote import RUSTAC, catalogue, grd_item, put_in_bucket, store_in_tiles

DATE = "2021-01"


def main() -> None:
    """Prints one line for each step."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("output", nargs="?", type=Path, default=Path("found.tif"))
    parser.add_argument("--rows", type=int, default=made_product.HEIGHT)
    parser.add_argument("--cols", type=int, default=made_product.WIDTH)
    parser.add_argument("--box-km", type=float, default=2.0, help="side of the box; default: 2")
    parser.add_argument("--block", type=int, default=512, help="side of the tiles of the measurement; default: 512")
    verbs = ("colorize", "despeckle", "info")
    parser.add_argument("--verbs", nargs="+", choices=verbs, default=["colorize"], help="default: colorize")
    parser.add_argument("--dry-run", action="store_true", help="of colorize prepare alone")
    settings = parser.parse_args()
    if not RUSTAC.exists():
        sys.exit("error: rustac must be installed, got none; pip install rustac")
    with tempfile.TemporaryDirectory() as temporary, serving(Path(temporary) / "served") as server:
        item = make(Path(temporary) / "served", server, settings.rows, settings.cols, settings.block)
        os.environ |= {
            "SAR_COLORIZE_CACHE": f"{temporary}/cache", "SAR_COLORIZE_WORLDCOVER_URL": server.url,
            "SAR_COLORIZE_NETWORK": "0",
        }  # fmt: skip
        with catalogue(Path(temporary), [item]) as url:
            os.environ["SAR_COLORIZE_STAC_URL"] = url
            walk(server, settings)


def make(folder: Path, server: MosaicServer, rows: int, cols: int, block: int) -> dict[str, Any]:
    """A product in a bucket and the tiles of its ground; its item."""
    is_whole = (rows, cols) != (made_product.HEIGHT, made_product.WIDTH)
    if is_whole:
        made_product.HEIGHT, made_product.WIDTH = rows, cols
        made_product.LINES = tuple(np.linspace(0, rows - 1, 11).astype(int).tolist())
        made_product.PIXELS = tuple(np.linspace(0, cols - 1, 21).astype(int).tolist())
    dn = (lambda _: speckle(rows, cols)) if is_whole else None
    with tempfile.TemporaryDirectory() as temporary:
        kept = made_product.Make(polarizations=("VV",) if is_whole else ("VV", "VH"), dn=dn)
        safe = store_in_tiles(made_product.make_safe(Path(temporary), kept), block)
        put_in_bucket(safe, folder / "bucket" / made_product.NAME)
    item = grd_item(f"{server.url}/bucket/{made_product.NAME}")
    ring = [made_product.position(row, col) for row, col in ((0, 0), (0, cols), (rows, cols), (rows, 0), (0, 0))]
    lons, lats = zip(*ring, strict=True)
    item["geometry"]["coordinates"], item["bbox"] = [ring], [min(lons), min(lats), max(lons), max(lats)]
    if is_whole:
        item["assets"] = {key: asset for key, asset in item["assets"].items() if "vh" not in key}
    for south in range(int(np.floor(min(lats))), int(np.floor(max(lats))) + 1):
        for west in range(int(np.floor(min(lons))), int(np.floor(max(lons))) + 1):
            write_worldcover(folder, south, west, size=1200)
    return item


def speckle(rows: int, cols: int) -> np.ndarray:
    """(rows, cols) uint16 of 4.4 looks on fields, made strip by strip."""
    random = np.random.default_rng(5)
    values = np.empty((rows, cols), np.uint16)
    fields = 80.0 + 80.0 * np.random.default_rng(6).random((rows // 50 + 1, cols // 50 + 1), dtype=np.float32)
    for row in range(0, rows, 256):
        level = np.repeat(fields[np.arange(row, min(rows, row + 256)) // 50], 50, axis=1)[:, :cols]
        noise = random.standard_gamma(4.4, level.shape, dtype=np.float32) / np.float32(4.4)
        values[row : row + 256] = np.clip(np.sqrt(level * level * noise).round(), 1, 65535)
    return values


def walk(server: MosaicServer, settings: argparse.Namespace) -> None:
    """The user's way: what is there, and its picture."""
    lon, lat = made_product.position(settings.rows / 2, settings.cols / 2)
    half_lat = settings.box_km / 2 / 110.574
    half_lon = settings.box_km / 2 / (111.32 * np.cos(np.radians(lat)))
    box = [f"{value:.5f}" for value in (lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)]
    print(run("find", "--bbox", *box, "--date", DATE))
    scenes = json.loads(run("find", "--bbox", *box, "--date", DATE, "--json"))["scenes"]
    best = max(scenes, key=lambda scene: scene["share"])["name"]
    for verb in settings.verbs:
        server.bytes, server.requests[:] = 0, []
        started = time.perf_counter()
        arguments = [verb, best]
        if verb != "info":
            arguments += [str(settings.output), "--bbox", *box, "--bbox-crs", "EPSG:4326", "--overwrite"]
        if verb == "colorize":
            arguments += ["--reference", "worldcover"] + (["--dry-run"] if settings.dry_run else [])
        print(run(*arguments))
        seconds = time.perf_counter() - started
        print(f"{verb}: {server.bytes / 1e6:.2f} MB in {len(server.requests)} requests, {seconds:.1f} s")


def run(*arguments: str) -> str:
    """What a command prints; its notes go to the terminal."""
    program = [sys.executable, "-m", "sar_colorize_cli.main", *arguments]
    print("$ sar-colorize", *arguments, flush=True)
    return subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout.rstrip()


if __name__ == "__main__":
    main()
