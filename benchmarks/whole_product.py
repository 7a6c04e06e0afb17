"""Time and memory for a whole Sentinel-1 product, from zip to colour picture, compared with other programs.

    python benchmarks/whole_product.py PRODUCT.zip PIXELS_VV.tif PIXELS_VH.tif --work DIR

PRODUCT.zip holds the metadata of a real GRD product, with or without its measurements. Without them a composite is made
in DIR: the pixels of the two rasters are resampled to the product's size, get 4.4-look speckle, and are stored row by
row as ESA stores them, in a zip. The other programs do parts of the work: GDAL warps one uncalibrated band with the
same thin plate spline, and xarray-sentinel calibrates one band, both from the unpacked folder, in the same run.

Figures are for whole processes: wall seconds, peak resident memory with child processes, and ratios to sar-colorize.
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import rasterio
from processes import Run, measured
from rasterio.control import GroundControlPoint
from rasterio.windows import Window

WARP = """
import sys, glob, rasterio
from rasterio.warp import Resampling, reproject
with rasterio.open(glob.glob(sys.argv[1] + "/measurement/*-vv-*.tiff")[0]) as radar, rasterio.open(sys.argv[2]) as like:
    profile = dict(driver="GTiff", count=1, dtype="uint16", height=like.height, width=like.width, crs=like.crs,
                   transform=like.transform, tiled=True, compress="deflate", zlevel=1, bigtiff="if_safer")
    with rasterio.open(sys.argv[3], "w", **profile) as out:
        reproject(rasterio.band(radar, 1), rasterio.band(out, 1), gcps=radar.gcps[0], src_crs=radar.gcps[1],
                  resampling=Resampling.bilinear, SRC_METHOD="GCP_TPS", num_threads=2, warp_mem_limit=256)
"""
CALIBRATE = """
import sys, xarray_sentinel
chunks = {"x": 2048, "y": 2048}
measured = xarray_sentinel.open_sentinel1_dataset(sys.argv[1], group="IW/VV", rasterio_chunks=chunks)
gains = xarray_sentinel.open_sentinel1_dataset(sys.argv[1], group="IW/VV/calibration")
print(float(xarray_sentinel.calibrate_intensity(measured.measurement, gains.sigmaNought).mean()))
"""
POINT = re.compile(
    r"<line>(\d+)</line>\s*<pixel>(\d+)</pixel>\s*<latitude>(\S+)</latitude>\s*<longitude>(\S+)</longitude>\s*"
    r"<height>(\S+)</height>"
)


def main() -> None:
    """Makes the composite where there is none yet, runs the three and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("product")
    parser.add_argument("vv")
    parser.add_argument("vh")
    parser.add_argument("--work", required=True, help="a folder with 4 GB of room")
    parser.add_argument("--model", default="auto", help="a model's name; the default model where left out")
    parser.add_argument("--skip-peers", action="store_true")
    chosen = parser.parse_args()
    work = Path(chosen.work)
    work.mkdir(parents=True, exist_ok=True)
    safe, zipped = composite(Path(chosen.product), {"vv": chosen.vv, "vh": chosen.vh}, work)
    colour = work / "colour.tif"
    model = [] if chosen.model == "auto" else ["--model", chosen.model]
    ours = [
        sys.executable,
        "-m",
        "sar_colorize_cli.main",
        "colorize",
        str(zipped),
        str(colour),
        "--overwrite",
        "--offline",
        *model,
    ]
    print(f"{'':28} {'seconds':>9} {'x ours':>7} {'peak MB':>9} {'x ours':>7}", flush=True)
    whole = measured([*ours, "--progress", "none"], {})
    show("sar-colorize, zip to colour", whole, whole)
    if not chosen.skip_peers:
        warp = [sys.executable, "-c", WARP, str(safe), str(colour), str(work / "warped.tif")]
        show("GDAL, warp of one band", measured(warp, {}), whole)
        calibrate = [sys.executable, "-c", CALIBRATE, str(safe)]
        show("xarray-sentinel, one band", measured(calibrate, {}), whole)


def show(name: str, run: Run, whole: Run) -> None:
    """One line of the table, as soon as it is known."""
    seconds, memory = run.wall / whole.wall, run.peak / whole.peak
    print(f"{name:28} {run.wall:9.1f} {seconds:7.2f} {run.peak:9.0f} {memory:7.2f}", flush=True)


def composite(product: Path, pixels: dict[str, str], work: Path) -> tuple[Path, Path]:
    """The product's folder and its zip, with measurements resampled under it where it has none."""
    with zipfile.ZipFile(product) as archive:
        archive.extractall(work)
    safe = next(work.glob("*.SAFE"))
    zipped = work / f"{safe.stem}.zip"
    if any((safe / "measurement").glob("*.tiff")) and zipped.exists():
        return safe, zipped
    for band, path in pixels.items():
        annotation = next((safe / "annotation").glob(f"*-{band}-*.xml"))
        write_measurement(safe / "measurement" / f"{annotation.stem}.tiff", annotation.read_text(), path)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(safe.rglob("*")):
            archive.write(file, file.relative_to(work))
    return safe, zipped


def write_measurement(path: Path, annotation: str, pixels: str) -> None:
    """Resampled digital numbers with speckle, in strips of one row."""
    height, width = (int(re.findall(rf"<{tag}>(\d+)<", annotation)[0]) for tag in ("numberOfLines", "numberOfSamples"))
    points = [
        GroundControlPoint(row=float(line), col=float(pixel), x=float(lon), y=float(lat), z=float(h))
        for line, pixel, lat, lon, h in POINT.findall(annotation)
    ]
    rng = np.random.default_rng(1)
    with (
        rasterio.open(pixels) as source,
        rasterio.open(path, "w", driver="GTiff", height=height, width=width, count=1, dtype="uint16", blockysize=1,
                      gcps=points, crs="EPSG:4326") as out,
    ):  # fmt: skip
        for row in range(0, height, 512):
            lines = min(512, height - row)
            scale = source.height / height
            part = Window(0, row * scale, source.width, lines * scale)
            level = source.read(1, window=part, out_shape=(lines, width), resampling=rasterio.enums.Resampling.bilinear)
            speckle = np.sqrt(rng.standard_gamma(4.4, level.shape, dtype=np.float32) / np.float32(4.4))
            out.write(np.rint(level * speckle).astype(np.uint16), 1, window=Window(0, row, width, lines))


if __name__ == "__main__":
    main()
