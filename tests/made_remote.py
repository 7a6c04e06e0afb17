"""Sentinel-1 products as servers have them: folders, buckets with short names, STAC items, terrain-corrected COGs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from made_product import HEIGHT, NAME, STEM, WIDTH, default_dn, position
from rasterio.io import MemoryFile

ITEM = NAME.rpartition("_")[0]
RUSTAC = Path(sys.executable).with_name("rustac")
RTC_NAMES = {"vv": "iw-vv.rtc.tiff", "vh": "iw-vh.rtc.tiff"}


def store_in_tiles(safe: Path, block: int = 128) -> Path:
    """Stores the measurements of a product as Cloud Optimized GeoTIFFs, their bits as they were."""
    for file in (safe / "measurement").glob("*.tiff"):
        with rasterio.open(file) as dataset:
            dn, (points, crs) = dataset.read(1), dataset.gcps
        with MemoryFile() as memory:
            profile = {"driver": "GTiff", "height": dn.shape[0], "width": dn.shape[1], "count": 1, "dtype": "uint16"}
            with memory.open(**profile, gcps=points, crs=crs) as made:
                made.write(dn, 1)
            file.unlink()
            rasterio.shutil.copy(memory.name, file, driver="COG", COMPRESS="DEFLATE", BLOCKSIZE=str(block))
    return safe


def put_in_bucket(safe: Path, folder: Path) -> Path:
    """Copies a product under the short names of buckets: measurement/iw-vv.tiff, annotation/iw-vv.xml."""
    for file in sorted(safe.rglob("*")):
        if file.is_file():
            name = file.name
            for number, pol in enumerate(("vv", "vh"), 1):
                name = name.replace(STEM.format(pol, number), f"iw-{pol}")
            target = folder / file.parent.relative_to(safe) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return folder


def grd_item(
    url: str, *, name: str = ITEM, date: str = "2021-01-19T03:16:53Z", shift: float = 0.0, **more: Any
) -> dict[str, Any]:
    """The item of a product in a bucket, as Earth Search writes it.

    Args:
        url: of the bucket's folder. shift: degrees to the east of where the product is. more: of its properties.
    """
    assets = {"safe-manifest": {"href": f"{url}/manifest.safe"}}
    for pol in ("vv", "vh"):
        assets[pol] = {"href": f"{url}/measurement/iw-{pol}.tiff"}
        assets[f"schema-product-{pol}"] = {"href": f"{url}/annotation/iw-{pol}.xml"}
        for kind in ("calibration", "noise"):
            assets[f"schema-{kind}-{pol}"] = {"href": f"{url}/annotation/calibration/{kind}-iw-{pol}.xml"}
    properties = {"sar:polarizations": ["VV", "VH"], "sat:orbit_state": "descending", "sat:relative_orbit": 79}
    return _item(name, "sentinel-1-grd", date, assets, properties | more, shift)


def rtc_item(folder: Path, url: str) -> dict[str, Any]:
    """Two files of gamma nought on a map below a folder, and their item as the Planetary Computer writes it."""
    made = folder / "rtc" / ITEM
    made.mkdir(parents=True)
    assets = {}
    for pol, name in RTC_NAMES.items():
        values = (default_dn(pol.upper()).astype(np.float32) / 400.0) ** 2
        values[values == 0] = -32768.0
        with MemoryFile() as memory:
            with memory.open(
                driver="GTiff",
                height=HEIGHT,
                width=WIDTH,
                count=1,
                dtype="float32",
                crs="EPSG:32633",
                nodata=-32768.0,
                transform=Affine(10.0, 0.0, 460000.0, 0.0, -10.0, 4940000.0),
            ) as dataset:
                dataset.write(values, 1)
            rasterio.shutil.copy(memory.name, made / name, driver="COG", COMPRESS="DEFLATE", BLOCKSIZE="128")
        assets[pol] = {"href": f"{url}/rtc/{ITEM}/{name}"}
    return _item(f"{ITEM}_rtc", "sentinel-1-rtc", "2021-01-19T03:16:53Z", assets, {}, 0.0)


def write_item(folder: Path, item: dict[str, Any]) -> Path:
    """An item as an API has it below /collections/.../items/."""
    path = folder / "collections" / item["collection"] / "items" / item["id"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(item))
    return path


@contextmanager
def catalogue(folder: Path, items: list[dict[str, Any]]) -> Iterator[str]:
    """The address of a STAC API that has these items."""
    file = folder / "items.json"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [str(RUSTAC), "serve", str(file), "--create-collections", "--use-duckdb", "false"]
    process = subprocess.Popen(
        [*program, "--addr", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as asks:
                if asks.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def _item(name: str, collection: str, date: str, assets: Any, said: Any, shift: float) -> dict[str, Any]:
    ring = [position(row, col) for row, col in ((0, 0), (0, WIDTH), (HEIGHT, WIDTH), (HEIGHT, 0), (0, 0))]
    moved = [[lon + shift, lat] for lon, lat in ring]
    lons, lats = zip(*moved, strict=True)
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection,
        "bbox": [min(lons), min(lats), max(lons), max(lats)], "links": [], "assets": assets,
        "geometry": {"type": "Polygon", "coordinates": [moved]}, "properties": {"datetime": date} | said,
    }  # fmt: skip
