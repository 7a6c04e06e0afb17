"""The speed of `colorize` and `despeckle` beside other programs: docs/benchmarks.md.

    python benchmarks/speed.py [--side 4096] [--rounds 3] [--growth 10000,20000] [--workers 1,2,4] [--page FILE]

Every figure is for a whole process with one thread for each pool, child processes included, on scenes that are made
here: processor seconds, which depend less on what else the machine does than wall seconds beside them. Processes that
are compared run in turn. MONAI and the Orfeo Toolbox are left out, with a line, where they are not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cluster
import numpy as np
import peers
import psutil
from processes import Run, alternating, measured, ours
from scenes import picture_file, scene_file

Job = Callable[[], Run]
MPX = 1e6
ON_GPU = "## On a GPU"


def main() -> None:
    """Runs all and prints one page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096, help="pixels along each side of the scene")
    parser.add_argument("--rounds", type=int, default=3, help="how often each process runs; medians are shown")
    parser.add_argument("--growth", default="10000,20000", help="sides of larger scenes, or nothing")
    parser.add_argument("--workers", default="1,2,4", help="dask workers, or nothing")
    parser.add_argument("--page", type=Path, help="where the page is written, too")
    chosen = parser.parse_args()
    sides, workers = ([int(each) for each in text.split(",") if each] for text in (chosen.growth, chosen.workers))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        page = [
            _head(chosen.side, chosen.rounds),
            _start(place, chosen.rounds),
            _runs(place, chosen.side, chosen.rounds),
            _network(place, chosen.side, chosen.rounds),
            _peers(place, chosen.side, chosen.rounds),
            _cog(place, chosen.side, chosen.rounds),
            _toolbox(place, chosen.side, chosen.rounds),
            _growth(place, chosen.side, sides),
        ]
        if workers:
            page.append(cluster.table(scene_file(place, chosen.side), place, workers, chosen.rounds))
    page.append(_on_gpu())
    text = "\n\n".join(page) + "\n"
    print(text)
    if chosen.page is not None:
        chosen.page.write_text(text)


def _head(side: int, rounds: int) -> str:
    names = ", ".join(f"{name} {version(name)}" for name in ("openvino", "torch", "numpy", "rasterio"))
    busy = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"# Speed\n\nMade by `{' '.join(['python benchmarks/speed.py', *sys.argv[1:]])}` (`make benchmark`) on "
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {_processor()}, "
        f"{psutil.virtual_memory().total >> 30} GB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {names}; load of the machine at the "
        f"start {busy}. Simulated scenes of VV and VH in decibels with coordinates, {side} x {side} pixels where "
        f"nothing else is said, one thread for each pool. CPU: processor seconds of whole processes with their "
        f"children, {'one run' if rounds == 1 else f'medians of {rounds} runs'} in turn with the others. Compare "
        "ratios within a table."
    )


def _on_gpu() -> str:
    """The section as it is: its figures are those of another machine, made by `benchmarks/gpu.py`."""
    page = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
    return ON_GPU + page.read_text().partition(ON_GPU)[2].rstrip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    wide = [name for name in ("amx_tile", "avx512f", "avx2") if name in found.get("flags", "").split()]
    return f"{found.get('model name', platform.processor())} ({wide[0] if wide else platform.machine()})"


def _table(title: str, about: str, rows: dict[str, Run], mpx: float | None = None, first: str | None = None) -> str:
    """A section; ratios are to the first row, or to the one that is named."""
    unit = "" if mpx is None else " CPU ms/Mpx |"
    lines = [
        f"## {title}",
        about,
        "",
        f"| | CPU s |{unit} relative | wall s |",
        "|---" * (4 + bool(unit)) + "|",
    ]
    base = rows[first or next(iter(rows))].cpu
    for name, run in rows.items():
        each = "" if mpx is None else f" {1000 * run.cpu / mpx:.0f} |"
        lines.append(f"| {name} | {run.cpu:.2f} |{each} {run.cpu / base:.2f} | {run.wall:.1f} |")
    return "\n".join(lines)


def _colorize(scene: Path, out: Path, *more: object) -> Job:
    return partial(measured, ours("colorize", scene, out, "--offline", "--overwrite", *more))


def _start(place: Path, rounds: int) -> str:
    small, out = scene_file(place, 512), place / "out.tif"
    jobs: dict[str, Job] = {
        "`--help`": partial(measured, ours("--help")),
        "`info`, 512 x 512": partial(measured, ours("info", small)),
        "`import torch`": partial(measured, [sys.executable, "-c", "import torch"]),
        "`colorize`, 512 x 512": _colorize(small, out),
        "the same with `--palette FILE`": _colorize(small, out, "--palette", picture_file(place, 512)),
        "the same with `--reference FILE`": _colorize(small, out, "--reference", picture_file(place, 512)),
    }
    return _table(
        "Starting, and a small scene", "Whole processes.", alternating(jobs, rounds), first="`colorize`, 512 x 512"
    )


def _runs(place: Path, side: int, rounds: int) -> str:
    scene, picture, out = scene_file(place, side), picture_file(place, side), place / "out.tif"
    jobs = {
        "default: by-place, no picture of the place": _colorize(scene, out),
        "`--palette FILE`": _colorize(scene, out, "--palette", picture),
        "`--reference FILE`": _colorize(scene, out, "--reference", picture),
        "`--palette none`": _colorize(scene, out, "--palette", "none"),
        "`--model colorsar-sar`": _colorize(scene, out, "--model", "colorsar-sar"),
        "`--model pix2pix-sar`": _colorize(scene, out, "--model", "pix2pix-sar"),
        "`--model composite`": _colorize(scene, out, "--model", "composite"),
    }
    about = f"{side} x {side} pixels. By default no network runs: kinds of ground tell the colours."
    return _table("`colorize`", about, alternating(jobs, rounds), side * side / MPX)


def _network(place: Path, side: int, rounds: int) -> str:
    """Whole processes beside their network alone, over the same pixels once."""
    scene, picture, out = scene_file(place, side), picture_file(place, side), place / "out.tif"
    chosen = {"colorsar-sar": (), "by-place": ("--palette", picture)}
    jobs: dict[str, Job] = {}
    for model, more in chosen.items():
        jobs[f"{model}, whole process"] = _colorize(scene, out, "--model", model, *more)
        jobs[f"{model}, network alone"] = partial(_forward, model, side)
    rows = alternating(jobs, rounds)
    shares = [rows[f"{model}, network alone"].cpu / rows[f"{model}, whole process"].cpu for model in chosen]
    words = ", ".join(f"{share:.2f} for {model}" for share, model in zip(shares, chosen, strict=True))
    about = f"Tiles of 1024 px without the halo that they need, in the same precision. Share of the network: {words}."
    return _table("End to end, and the network alone", about, rows, side * side / MPX)


def _forward(model: str, side: int) -> Run:
    """The network alone over as many pixels as a scene has, by the engine that `colorize` takes."""
    from sar_colorize.infer import TilePainter, tile_grid
    from sar_colorize.models.registry import load_painter

    painter = load_painter(model, ("VV", "VH") if model == "by-place" else ("VV",))
    engine = TilePainter(painter, tile_grid(painter.card, None, None)).start()
    tile = np.random.default_rng(0).random((1, len(painter.bands), 1024, 1024), np.float32) * 100
    list(engine.run(tile, _corner))
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(2):
        list(engine.run(tile, _corner))
    tiles = side * side / (2 * 1024 * 1024)
    return Run((time.process_time() - cpu) * tiles, (time.perf_counter() - wall) * tiles)


def _corner(out: Any, _lightness: Any) -> Any:
    return out[0, :1, :8, :8]


def _peers(place: Path, side: int, rounds: int) -> str:
    scene, out = scene_file(place, side), place / "peer.tif"
    jobs: dict[str, Job] = {
        "sar-colorize": _colorize(scene, out, "--model", "colorsar-sar"),
        "sar-colorize, `--precision fp32`": _colorize(scene, out, "--model", "colorsar-sar", "--precision", "fp32"),
        "naive loop over tiles": partial(measured, [sys.executable, "-c", peers.NAIVE_LOOP, str(scene), str(out)]),
    }
    note = ""
    if importlib.util.find_spec("monai") is None:
        note = " MONAI was skipped: it is not installed."
    else:
        script = [sys.executable, "-c", peers.MONAI, str(scene), str(out)]
        jobs[f"MONAI {version('monai')}, sliding window"] = partial(measured, script)
    if side <= 4096:
        script = [sys.executable, "-c", peers.IN_ONE_PIECE, str(scene), str(out)]
        jobs["all in one piece"] = partial(measured, script)
    about = (
        "The network of `colorsar-sar` in whole programs that read the scene, filter it (the others with SciPy), "
        f"convert with scikit-image and write a COG; float32, as one writes them by hand.{note}"
    )
    return _table("Other ways to run the network", about, alternating(jobs, rounds), side * side / MPX)


def _cog(place: Path, side: int, rounds: int) -> str:
    picture, out = place / "out.tif", place / "cog.tif"
    measured(ours("colorize", scene_file(place, side), picture, "--offline", "--overwrite"))
    write = [sys.executable, str(Path(__file__).parent / "cog.py"), str(picture), str(out)]
    jobs: dict[str, Job] = {"blocks to a COG": partial(measured, write)}
    note = " gdal_translate was skipped: it is not installed."
    if shutil.which("gdal_translate"):
        note, plain = "", place / "plain.tif"
        measured(["gdal_translate", "-q", "-co", "TILED=YES", str(picture), str(plain)])
        more = ["-co", "COMPRESS=DEFLATE", "-co", "LEVEL=1", "-co", "PREDICTOR=YES", "-co", "NUM_THREADS=ALL_CPUS"]
        translate = ["gdal_translate", "-q", "-of", "COG", *more, "-co", "OVERVIEW_RESAMPLING=AVERAGE"]
        jobs["gdal_translate -of COG"] = partial(measured, [*translate, str(plain), str(out)])
        jobs["Python and rasterio started"] = partial(measured, [sys.executable, "-c", "import rasterio.shutil, numpy"])
    about = (
        "The default's picture with its mask, DEFLATE level 1: read and written by `CogWriter` in blocks of 1024 px, "
        f"Python's start included, and copied by GDAL from a tiled GeoTIFF.{note}"
    )
    return _table("Writing the Cloud Optimized GeoTIFF", about, alternating(jobs, rounds), side * side / MPX)


def _toolbox(place: Path, side: int, rounds: int) -> str:
    """The speckle filters as whole processes, beside the Orfeo Toolbox's."""
    from despeckle import OTB, _otb_call

    scene, out = place / "power.tif", place / "smooth.tif"
    power = (0.05 * np.random.default_rng(0).gamma(4.4, 1 / 4.4, (side, side))).astype(np.float32)
    import rasterio

    with rasterio.open(
        scene, "w", driver="GTiff", height=side, width=side, count=1, dtype="float32", crs="EPSG:32633",
        transform=rasterio.transform.from_origin(5e5, 5e6, 10, 10),
    ) as dataset:  # fmt: skip
        dataset.write(power, 1)
    jobs: dict[str, Job] = {}
    for name in ("lee", "frost"):
        of_band = ("--unit", "power", "--polarization", "VV", "--filter", name, "--size", 7, "--overwrite")
        jobs[f"sar-colorize {name}, a COG"] = partial(measured, ours("despeckle", scene, out, *of_band))
        if shutil.which(OTB):
            jobs[f"OTB {name}, uncompressed"] = partial(measured, list(map(str, _otb_call(scene, out, name, 3))))
    note = "" if shutil.which(OTB) else f" {OTB} was skipped: it is not installed."
    about = f"One band of float32, windows of 7 x 7.{note}"
    return _table("Speckle filters", about, alternating(jobs, rounds), side * side / MPX)


def _growth(place: Path, side: int, sides: list[int]) -> str:
    """Cost of a pixel and memory of larger scenes, one run each."""
    lines = [
        "## Growth",
        "The default, one run each.",
        "",
        "| Mpx | CPU s | CPU ms/Mpx | wall s | peak MB |",
        "|---" * 5 + "|",
    ]
    for each in [side, *sides]:
        scene = scene_file(place, each)
        run, mpx = _colorize(scene, place / "out.tif")(), each * each / MPX
        lines.append(f"| {mpx:.0f} | {run.cpu:.1f} | {1000 * run.cpu / mpx:.0f} | {run.wall:.0f} | {run.peak:.0f} |")
        if each != side:
            scene.unlink()
    return "\n".join(lines)


if __name__ == "__main__":
    main()
