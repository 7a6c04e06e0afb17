"""Time and memory of `colorize` on a large scene, compared with two other programs in the same run.

    python benchmarks/whole_scene.py [SCENE.tif] [--size 8192]

Without a scene it simulates one and repeats it to the given size. The other programs: a copy of the finished picture to
a COG through rasterio (reading and writing alone), and the plain script that one would write by hand, which reads the
whole band, filters it with SciPy, runs the same network in one piece, and writes the result.

Figures are for whole processes: wall seconds, peak resident memory with child processes, and ratios to sar-colorize.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

PLAIN_SCRIPT = """
import sys, numpy as np, rasterio, torch
from scipy.ndimage import uniform_filter
from skimage.color import lab2rgb
from sar_colorize.models.registry import load_network
with rasterio.open(sys.argv[1]) as dataset:
    band, profile = dataset.read(1).astype("float32"), dataset.profile
power = 10 ** (np.nan_to_num(band, nan=-12.5) / 10)
mean, square = uniform_filter(power, 5), uniform_filter(power**2, 5)
weight = np.clip(1 - mean**2 / 4.4 / np.maximum(square - mean**2, 1e-12), 0, None)
L = np.clip((10 * np.log10(mean + weight * (power - mean)) + 25) * 4, 0, 100)
pad = [(0, -side % 16) for side in L.shape]
x = torch.from_numpy(np.pad(L, pad)[None, None] / 50 - 1)
with torch.inference_mode():
    ab = load_network("colorsar-sar")(x)[0, :, : L.shape[0], : L.shape[1]].numpy() * 128
rgb = (lab2rgb(np.stack([L, *ab]), channel_axis=0) * 255).astype("uint8")
keys = ("crs", "transform", "width", "height")
with rasterio.open(sys.argv[2], "w", driver="COG", count=3, dtype="uint8", **{k: profile[k] for k in keys}) as out:
    out.write(rgb)
"""

FLOOR = """
import sys, rasterio.shutil
rasterio.shutil.copy(sys.argv[1], sys.argv[2], driver="COG", compress="DEFLATE", level=1)
"""


def main() -> None:
    """Runs the three and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="?", help="a GeoTIFF in decibels; simulated where left out")
    parser.add_argument("--size", type=int, default=4096, help="side of the simulated scene, in pixels")
    parser.add_argument(
        "--skip-plain", action="store_true", help="leave out the plain script, which may need much memory"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        scene = Path(chosen.scene) if chosen.scene else simulated(place / "scene.tif", chosen.size)
        ours = [
            sys.executable,
            "-m",
            "sar_colorize_cli.main",
            "colorize",
            str(scene),
            str(place / "ours.tif"),
            "--offline",
        ]
        ours += ["--model", "colorsar-sar"]  # the network of the plain script
        rows = [("sar-colorize", *measured(ours))]
        rows.append(
            ("COG copy alone", *measured([sys.executable, "-c", FLOOR, str(place / "ours.tif"), str(place / "f.tif")]))
        )
        if not chosen.skip_plain:
            plain = [sys.executable, "-c", PLAIN_SCRIPT, str(scene), str(place / "plain.tif")]
            rows.append(("plain script", *measured(plain)))
    print(f"{'':16} {'seconds':>9} {'x ours':>7} {'peak MB':>9} {'x ours':>7}")
    for name, seconds, peak in rows:
        print(f"{name:16} {seconds:9.1f} {seconds / rows[0][1]:7.2f} {peak / 1e6:9.0f} {peak / rows[0][2]:7.2f}")


def simulated(path: Path, size: int) -> Path:
    """A simulated scene repeated to size x size."""
    import rasterio

    from sar_colorize.simulate import simulate_scene

    made = simulate_scene(1024, 1024)
    values = np.where(made.raster.valid, made.raster.values, np.float32(np.nan))[:1]
    repeats = -(-size // 1024)
    with rasterio.open(
        path, "w", driver="GTiff", height=size, width=size, count=1, dtype="float32", nodata=np.nan, tiled=True,
        blockxsize=512, blockysize=512, crs=made.grid.crs_wkt, transform=made.grid.transform,
    ) as dataset:  # fmt: skip
        dataset.write(np.tile(values, (1, repeats, repeats))[:, :size, :size])
        dataset.set_band_description(1, "VV")
        dataset.update_tags(UNITS="dB")
    return path


def measured(command: list[str]) -> tuple[float, int]:
    """Wall seconds, and the highest resident memory of a process with its children, sampled 20 times a second."""
    started, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def watch() -> None:
        nonlocal peak
        me = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                family = [me, *me.children(recursive=True)]
                peak = max(peak, sum(member.memory_info().rss for member in family))
            except psutil.NoSuchProcess:
                continue
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(command[:4])} ended with {code}")
    return time.perf_counter() - started, peak


if __name__ == "__main__":
    main()
