"""A whole run on a GPU: how fast, what binds, and whether the picture is the CPU's.

    python benchmarks/gpu.py [--device cuda] [--side 10000] [--cpu-side 1024] [--seconds 90] [--page FILE]

Runs from a checkout without an installation; what it needs is in NEEDED. A simulated scene of VV and VH in decibels,
tiled and not compressed, is coloured in this process. Sections that would begin after `--seconds` are left out, and
named. On a machine without a GPU: `--device cpu --side 1024 --cpu-side 512`.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import logging
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from scenes import picture_file, scene_file

NEEDED = ("numpy", "rasterio", "torch", "click", "defusedxml", "safetensors", "shapely", "tifffile", "PIL")
RUNS: dict[str, dict[str, str]] = {
    "by-place": {"model": "by-place"},
    "by-place, `--palette PICTURE`": {"model": "by-place", "palette": "PICTURE"},
    "by-place, `--palette none`": {"model": "by-place", "palette": "none"},
    "colorsar-sar": {"model": "colorsar-sar"},
    "pix2pix-sar": {"model": "pix2pix-sar"},
}
CHECK_PX, LOADED = 1024, 3
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Prints all sections, and writes them to a page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--side", type=int, default=10_000, help="of the scene, in pixels")
    parser.add_argument("--cpu-side", type=int, default=1024, help="of the scene that the CPU colours beside")
    parser.add_argument("--seconds", type=float, default=90.0, help="after which no section begins")
    parser.add_argument("--folder", type=Path, help="for all files; a temporary one if not given")
    parser.add_argument("--page", type=Path, help="also write the page here")
    given = parser.parse_args()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SystemExit(f"packages must be installed, got no {', '.join(missing)}; pip install them")
    import torch

    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("device must be one that torch sees, got cuda; choose --device cpu")
    sys.path.insert(0, str(ROOT))
    started = time.perf_counter()
    pages: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        pages.append(text)

    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        place = Path(name)
        say(_head(given.device))
        sections: list[partial[Iterator[str]]] = [
            partial(_whole, place, given.device, given.side),
            partial(_floor, place, given.side),
            partial(_checks, place, given.device),
            partial(_networks, given.device),
            partial(_loading, place, given.side),
        ]
        if given.device != "cpu":
            sections.append(partial(_whole, place, "cpu", given.cpu_side))
        for section in sections:
            title, about = inspect.cleandoc(str(section.func.__doc__)).split(".\n\n")
            say(f"\n## {title}\n" + " ".join(about.split()) + "\n")
            if time.perf_counter() - started > given.seconds:
                say(f"Left out: {given.seconds:.0f} s were over.")
                continue
            for line in section():
                say(line)
        say(f"\nAll took {time.perf_counter() - started:.0f} s.")
    if given.page is not None:
        given.page.write_text("\n".join(pages) + "\n")


def _head(device: str) -> str:
    import numpy
    import rasterio
    import torch

    where = torch.cuda.get_device_name() if device == "cuda" else "no GPU"
    call = " ".join(["python benchmarks/gpu.py", *sys.argv[1:]])
    optional = [name for name in ("openvino", "psutil") if importlib.util.find_spec(name) is None]
    return (
        f"# On a GPU\nMade by `{call}` on {datetime.now(UTC):%Y-%m-%d}: {where}, {len(os.sched_getaffinity(0))} cores, "
        f"OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')}, "
        f"Python {platform.python_version()}, torch {torch.__version__}, numpy {numpy.__version__}, rasterio "
        f"{rasterio.__version__}; not installed: {', '.join(optional) or 'nothing'}."
    )


def _checks(place: Path, device: str) -> Iterator[str]:
    """Is the picture that of the CPU, and the same whatever the blocks.

    Of torch on both, 1024 x 1024 px; levels are grey levels.
    """
    import numpy as np

    scene = scene_file(place, CHECK_PX, compress=None)
    yield "| | most levels apart, fp32 | equal, fp32 | most, bf16 | equal, bf16 | blocks of 1024 and 384 px |"
    yield "|---|---|---|---|---|---|"
    wrong = []
    for name, settings in RUNS.items():
        chosen = _chosen(settings, place, CHECK_PX)
        cpu = _pixels(scene, 1024, device="cpu", precision="fp32", **chosen)
        made = {
            (precision, block_px): _pixels(scene, block_px, device=device, precision=precision, **chosen)
            for precision in ("fp32", "bf16")
            for block_px in (1024, 384)
        }
        same = [bool(np.array_equal(made[each, 1024], made[each, 384])) for each in ("fp32", "bf16")]
        apart = [np.abs(made[each, 1024].astype(int) - cpu.astype(int)) for each in ("fp32", "bf16")]
        cells = " | ".join(f"{each.max()} | {100 * (each == 0).mean():.3f} %" for each in apart)
        yield f"| {name} | {cells} | {'the same bits' if all(same) else f'DIFFERENT in {same}'} |"
        if apart[0].max() > 1 or not all(same):
            wrong.append(name)
    yield f"\nNOT as promised: {', '.join(wrong)}." if wrong else "\nAll as promised."


def _whole(place: Path, device: str, side: int) -> Iterator[str]:
    """End to end.

    A scene to a Cloud Optimized GeoTIFF in this process, wall seconds; load and compute are those of all threads. The
    first run warms up.
    """
    import torch

    scene, mpx = scene_file(place, side, compress=None), side * side / 1e6
    yield f"{mpx:.0f} Mpx on {device}.\n"
    yield (
        "| | s | Mpx/s | prepare | blocks | load | compute | write | waited for blocks | for the writer | COG built | "
        "threads | GPU MB |"
    )
    yield "|---" * 13 + "|"
    for name, settings in {"first run": RUNS["by-place"], **RUNS}.items():
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        chosen = _chosen(settings, place, side)
        wall, spent = _timed_run(scene, place / "out.tif", device=device, **chosen)
        memory = torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else 0
        blocks = spent["all"] - spent["built"]
        stages = " | ".join(f"{spent[each]:.2f}" for each in _STAGES)
        yield (
            f"| {name} | {wall:.1f} | {mpx / wall:.1f} | {wall - spent['all']:.2f} | {blocks:.2f} | {stages} | "
            f"{spent['built']:.2f} | {spent['threads']:.0f} | {memory:.0f} |"
        )


def _floor(place: Path, side: int) -> Iterator[str]:
    """The floor.

    GDAL copies the same pixels to a Cloud Optimized GeoTIFF, all threads, in this process.
    """
    import rasterio
    import rasterio.shutil

    from sar_colorize.cog.options import creation_options

    made, tiled = place / "out.tif", place / "tiled.tif"
    mpx = side * side / 1e6
    with rasterio.open(made) as dataset:
        profile = dataset.profile | {"driver": "GTiff", "compress": None, "tiled": True, "bigtiff": "IF_SAFER"}
        profile = {
            key: value for key, value in profile.items() if key not in ("predictor", "interleave", "photometric")
        }
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(tiled, "w", **profile) as copy:
            copy.write(dataset.read())
            copy.write_mask(dataset.dataset_mask())
    options = creation_options("deflate", None, dtype="uint8", bands=3, nodata=None)
    wall = time.perf_counter()
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        rasterio.shutil.copy(tiled, place / "floor.tif", driver="COG", **options)
    wall = time.perf_counter() - wall
    yield f"{wall:.2f} s, {mpx / wall:.1f} Mpx/s; {', '.join(f'{key}={value}' for key, value in options.items())}"


def _loading(place: Path, side: int) -> Iterator[str]:
    """What threads gain.

    Blocks of 1024 px in Mpx/s: read; read and filtered on the CPU; and painted by kinds of ground without a network,
    each thread its own block, torch in one thread each.
    """
    import torch

    from sar_colorize.prepare import ColorizeSettings, prepare
    from sar_colorize.scene import open_scene
    from sar_colorize.tiles import blocks

    opened = open_scene(scene_file(place, side, compress=None))
    ready = prepare(opened, ColorizeSettings(device="cpu"))
    colorizer, scene = ready.colorizer, ready.scene
    windows = list(blocks(scene.grid.window, 1024))
    jobs = {
        "read": partial(colorizer.radar.read, scene),
        "and filtered": partial(colorizer.load, scene),
        "and painted": partial(colorizer.block, scene),
    }
    yield "| threads | " + " | ".join(jobs) + " |"
    yield "|---" * (len(jobs) + 1) + "|"
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    for count in (1, 2, 4, 8, 16, 32):
        if count > len(os.sched_getaffinity(0)):
            break
        speeds = []
        some = (windows * (LOADED * count))[: LOADED * count]
        mpx = sum(window.height * window.width for window in some) / 1e6
        for job in jobs.values():
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(job, some[:count]))
                wall = time.perf_counter()
                for _ in pool.map(job, some):
                    pass
                speeds.append(mpx / (time.perf_counter() - wall))
        yield f"| {count} | " + " | ".join(f"{speed:.1f}" for speed in speeds) + " |"
    torch.set_num_threads(kept)


def _networks(device: str) -> Iterator[str]:
    """The network alone.

    Batches on the device, in Mpx/s of the picture without what tiles share; nothing is read, composed or brought back.
    """
    import torch

    from sar_colorize.infer import TilePainter, tile_grid
    from sar_colorize.models.registry import load_painter
    from sar_colorize.raster import Window

    yield "| | tile px | batch | fp32 | bf16 |"
    yield "|---|---|---|---|---|"
    for model in ("by-place", "colorsar-sar", "pix2pix-sar"):
        painter = load_painter(model, ("VV", "VH") if model == "by-place" else ("VV",))
        tiles = tile_grid(painter.card, None, None)
        speeds, batch = [], 1
        for precision in ("fp32", "bf16"):
            paints = TilePainter(painter, tiles, engine="torch", device=device, precision=precision)
            batch = paints.batch(Window(0, 0, 10_000, 10_000))
            engine: Any = paints.start()
            given = torch.rand((batch, len(painter.bands), tiles.tile_px, tiles.tile_px), device=device) * 100
            speeds.append(batch * tiles.stride_px**2 / 1e6 / _seconds(partial(engine.forward, given), device))
        cells = " | ".join(f"{speed:.1f}" for speed in speeds)
        yield f"| {model} | {tiles.tile_px} | {batch} | {cells} |"


def _seconds(call: Callable[[], Any], device: str) -> float:
    """Of one call, the mean of those in half a second at least, three first ones left out."""
    import torch

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    for _ in range(3):
        call()
    wait()
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < 0.5:
        call()
        wait()
        count += 1
    return (time.perf_counter() - started) / count


def _chosen(settings: dict[str, str], place: Path, side: int) -> dict[str, str]:
    """Settings with the path of a picture."""
    with_path = {"palette": str(picture_file(place, side))} if settings.get("palette") == "PICTURE" else {}
    return settings | with_path


def _pixels(scene: Path, block_px: int, **settings: Any) -> Any:
    """The picture of all of a scene, (3, H, W)."""
    import numpy as np

    from sar_colorize.prepare import ColorizeSettings, prepare
    from sar_colorize.scene import open_scene
    from sar_colorize.tiles import blocks

    ready = prepare(open_scene(scene), ColorizeSettings(engine="torch", **settings))
    whole = ready.scene.grid.window
    out = np.zeros((3, *whole.shape), np.uint8)
    for window in blocks(whole, block_px):
        out[(slice(None), *window.within(whole))] = ready.colorizer.block(ready.scene, window).values
    return out


_STAGES = ("load", "compute", "write", "wait_for_blocks", "wait_for_writer")


def _timed_run(scene: Path, output: Path, **settings: Any) -> tuple[float, dict[str, float]]:
    """Wall seconds of one `colorize`, and what its log says of them."""
    import sar_colorize as sc

    with _heard() as lines:
        started = time.perf_counter()
        made = sc.colorize(scene, output, engine="torch", reference="none", overwrite=True, **settings)
        wall = time.perf_counter() - started
    text = " ".join(lines)
    spent = {each: float(_found(rf"{each.replace('_', ' ')} ([\d.]+)", text)) for each in _STAGES}
    spent |= {"built": float(_found(r"files built in ([\d.]+)", text)), "all": made.seconds}
    return wall, spent | {"threads": float(_found(r"(\d+) at once", text))}


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"the log must hold {pattern}, got {text}"
    return found[1]


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the package logs meanwhile."""
    lines: list[str] = []
    logger, handler = logging.getLogger("sar_colorize"), logging.Handler(logging.INFO)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


if __name__ == "__main__":
    main()
