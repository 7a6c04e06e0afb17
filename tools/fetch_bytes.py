"""How many bytes a scene takes of WorldCover: its layout on loopback, beside the bytes of the blocks that it needs.

    python -m tools.fetch_bytes [--scene-km 250 180] [--latitude 47] [--keep DIR]

Tiles have the real size, 12000 x 12000 with overviews to 750, four bands of 16 bits in blocks of 512; only the overview
that is read holds values, a made landscape with noise, so that a tile takes seconds to make. Beside it stands GDAL's
own /vsicurl, in a process of its own, which reads the same windows of the same overviews.
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
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from sar_colorize.catalog.fetch import fetch
from sar_colorize.catalog.plan import Plan, cells_of, plan_fetch
from sar_colorize.catalog.sources import WORLDCOVER, Wanted, worldcover_file
from sar_colorize.raster import Grid
from sar_colorize.scene.map_grid import map_crs
from tools.mosaic_server import MosaicServer, landscape, serving

SIZE, BLOCK, FACTORS = 12000, 512, (2, 4, 8, 16)
NOISE = 60.0
"""Standard deviation of the noise of reflectance x 10000, about that of farmland at 160 m."""
_VSICURL = """
import json, sys, warnings
warnings.simplefilter("ignore")
import rasterio
from rasterio.vrt import WarpedVRT
from rasterio.enums import Resampling
from rasterio.windows import Window
job = json.load(sys.stdin)
with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_HTTP_MERGE_CONSECUTIVE_RANGES="YES", VSI_CACHE=True):
    for url, overview, transform, height, width in job["tiles"]:
        with rasterio.open("/vsicurl/" + url, driver="GTiff", OVERVIEW_LEVEL=overview) as source, WarpedVRT(
            source, crs=job["crs"], transform=rasterio.Affine(*transform), height=height, width=width,
            resampling=Resampling.bilinear, src_nodata=0, nodata=0,
        ) as warped:
            for row in range(0, height, 1024):
                for col in range(0, width, 1024):
                    warped.read([1, 2, 3], window=Window(col, row, min(1024, width - col), min(1024, height - row)))
"""


def main() -> None:
    """Prints one line for each resolution."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scene-km", type=float, nargs=2, default=(250.0, 180.0), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--latitude", type=float, default=47.0)
    parser.add_argument("--resolution", type=float, nargs="*", default=[160.0], help="metres; default: 160")
    parser.add_argument("--keep", type=Path, help="a folder for the tiles; a temporary one where it is left out")
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = settings.keep or Path(temporary)
        os.environ["SAR_COLORIZE_CACHE"] = str(Path(temporary) / "cache")
        grid = scene_grid(*settings.scene_km, settings.latitude)
        with serving(folder) as server:
            os.environ[WORLDCOVER.variable] = server.url
            for resolution in settings.resolution:
                print(json.dumps(measure(grid, resolution, folder, server)))


def scene_grid(width_km: float, height_km: float, latitude: float) -> Grid:
    """A scene's grid at 10 m in UTM, its middle at 11.5 degrees east."""
    crs = CRS.from_user_input(map_crs(11.5, latitude))
    (x,), (y,) = transform("EPSG:4326", crs, [11.5], [latitude])
    left, top = round(x / 10) * 10 - width_km * 500, round(y / 10) * 10 + height_km * 500
    return Grid(int(height_km * 100), int(width_km * 100), Affine(10.0, 0.0, left, 0.0, -10.0, top), crs.to_wkt())


def measure(grid: Grid, resolution: float, folder: Path, server: MosaicServer) -> dict[str, Any]:
    """What one scene took, by this program and by /vsicurl, and what the blocks that it needs hold."""
    plan = plan_fetch(grid, Wanted(WORLDCOVER), resolution)
    level = max(n for n, factor in enumerate(FACTORS) if 9.28 * factor <= resolution * 1.05)
    for south, west in cells_of(plan):
        write_tile(folder, south, west, level)
    ideal = sum(needed_bytes(folder, cell, plan, level) for cell in cells_of(plan))
    server.bytes, server.requests[:] = 0, []
    started = time.perf_counter()
    made = fetch(plan)
    seconds = time.perf_counter() - started
    found = {
        "resolution_m": resolution, "tiles": len(made.items), "planned_mb": round(plan.megabytes, 1),
        "fetched_mb": round(server.bytes / 1e6, 2), "ideal_mb": round(ideal / 1e6, 2),
        "ratio": round(server.bytes / ideal, 3), "requests": len(server.requests), "seconds": round(seconds, 1),
        "file_mb": round(Path(made.path).stat().st_size / 1e6, 1), "covered": made.share,
    }  # fmt: skip
    server.bytes, server.requests[:] = 0, []
    by_vsicurl(plan, level, server)
    return found | {"vsicurl_mb": round(server.bytes / 1e6, 2), "vsicurl_requests": len(server.requests)}


def by_vsicurl(plan: Plan, level: int, server: MosaicServer) -> None:
    """Reads the same by GDAL's own HTTP."""
    tiles = []
    for cell, window in cells_of(plan).items():
        part = plan.grid.crop(window)
        url = worldcover_file(server.url, 2021, *cell)[1]
        tiles.append((url, level, tuple(part.transform or ())[:6], part.height, part.width))
    job = json.dumps({"crs": plan.grid.crs_wkt, "tiles": tiles})
    subprocess.run([sys.executable, "-c", _VSICURL], input=job, text=True, check=True)


def needed_bytes(folder: Path, cell: tuple[int, int], plan: Plan, level: int) -> int:
    """Bytes of the blocks of a tile that the scene's ground touches."""
    ring = [(v[0, :-1], v[:-1, -1], v[-1, :0:-1], v[:0:-1, 0]) for v in (plan.extent.lons, plan.extent.lats)]
    ground = shapely.Polygon(list(zip(*(np.concatenate(parts) for parts in ring), strict=True)))
    path = Path(worldcover_file(str(folder), 2021, *cell)[1])
    total, step = 0, FACTORS[level] / SIZE
    with rasterio.open(path) as whole:
        for row in range(-(-SIZE // FACTORS[level] // BLOCK)):
            for col in range(-(-SIZE // FACTORS[level] // BLOCK)):
                west, north = cell[1] + col * BLOCK * step, cell[0] + 1 - row * BLOCK * step
                box = shapely.box(
                    west, max(cell[0], north - BLOCK * step), min(cell[1] + 1, west + BLOCK * step), north
                )
                if box.intersects(ground):
                    total += int(whole.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=1, ovr=level) or 0)
    return total


def write_tile(folder: Path, south: int, west: int, level: int) -> None:
    """A tile of the real size, whose overview of a level holds values and whose other pixels are left out."""
    path = Path(worldcover_file(str(folder), 2021, south, west)[1])
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        names = []
        for number, factor in enumerate(FACTORS):
            size = SIZE // factor
            names.append(f"{temporary}/{factor}.tif")
            profile = {"driver": "GTiff", "count": 4, "dtype": "uint16", "tiled": True, "nodata": 0, "sparse_ok": True}
            with rasterio.open(names[-1], "w", height=size, width=size, **profile) as dataset:
                if number == level:
                    dataset.write(_ground(south, west, size))
        bands = "".join(
            f'<VRTRasterBand dataType="UInt16" band="{band}"><NoDataValue>0</NoDataValue>'
            + "".join(
                f"<Overview><SourceFilename>{n}</SourceFilename><SourceBand>{band}</SourceBand></Overview>"
                for n in names
            )
            + "</VRTRasterBand>"
            for band in range(1, 5)
        )
        vrt = Path(temporary) / "tile.vrt"
        step = 1.0 / SIZE
        vrt.write_text(
            f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}"><SRS>EPSG:4326</SRS>'
            f"<GeoTransform>{west}, {step}, 0, {south + 1}, 0, {-step}</GeoTransform>{bands}</VRTDataset>"
        )
        rasterio.shutil.copy(
            vrt, path, driver="COG", COMPRESS="DEFLATE", PREDICTOR="YES", BLOCKSIZE=str(BLOCK), SPARSE_OK="YES"
        )


def _ground(south: int, west: int, size: int) -> np.ndarray:
    """(4, size, size) of a landscape with noise."""
    step = 1.0 / size
    lats, lons = np.meshgrid(
        south + 1 - (np.arange(size) + 0.5) * step, west + (np.arange(size) + 0.5) * step, indexing="ij"
    )
    random = np.random.default_rng((south + 90, west + 180))
    noisy = landscape(lons, lats) + random.normal(0.0, NOISE, (4, size, size))
    return np.clip(noisy, 1, 65535).astype(np.uint16)


if __name__ == "__main__":
    main()
