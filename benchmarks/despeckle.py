"""Speed and gain of the speckle filters, compared with the Orfeo Toolbox: figures of docs/despeckling.md.

    python benchmarks/despeckle.py speed                  Lee and Frost on 16.8 Mpx, whole processes and in memory
    python benchmarks/despeckle.py gain STACKS            every filter on real stacks of dates
    python benchmarks/despeckle.py picture STACK OUT.png  what each filter removes: noisy / filtered

`speed` and the toolbox's rows of `gain` need otbcli_Despeckle (Debian: otb-bin). STACKS holds NAME.npz with `db_x100`
(dates, H, W), decibels times 100.

Gain: the mean squared error in dB of a date against the temporal mean of the other dates, both of the same mean in dB,
before the filter over after it, in dB; the mean over four dates of each stack. Bias: the largest change of mean power.
Shared: the correlation between two dates of what Kuan 9 x 9 removes. Stable ground keeps its speckle from pass to pass,
so the mean of the dates contains that speckle, and a filter that removes it is penalised.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio

from sar_colorize.speckle import FILTER_NAMES, get_filter

OTB = "otbcli_Despeckle"
LOOKS = 4.4
DATES = (0, 3, 6, 9)
SHOWN = ("boxcar", "lee", "refined-lee", "lee-sigma", "frost", "ppb", "learned")

PLAIN_SCRIPT = """
import sys, numpy as np, rasterio
from sar_colorize.speckle import get_filter
with rasterio.open(sys.argv[1]) as dataset:
    power, profile = dataset.read(1), dataset.profile
smooth = get_filter(sys.argv[3], size_px=7, looks=4.4).apply(power, np.isfinite(power))
with rasterio.open(sys.argv[2], "w", **profile) as dataset:
    dataset.write(smooth, 1)
"""
"""The toolbox's own job: an uncompressed GeoTIFF in, one out."""

Despeckle = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Runs speed, gain or picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed_options = commands.add_parser("speed")
    speed_options.add_argument("--side", type=int, default=4096)
    speed_options.add_argument("--repeat", type=int, default=3)
    gain_options = commands.add_parser("gain")
    gain_options.add_argument("folder", type=Path)
    gain_options.add_argument("--filter", action="append", help="NAME[:SIZE[:LOOKS]]; all where left out")
    gain_options.add_argument("--otb", action="store_true", help="the toolbox too, radius 1 to 3")
    picture_options = commands.add_parser("picture")
    picture_options.add_argument("stack", type=Path)
    picture_options.add_argument("output", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "speed":
        speed(chosen.side, chosen.repeat)
    elif chosen.command == "gain":
        gain_table(chosen.folder, chosen.filter or list(FILTER_NAMES), with_otb=chosen.otb)
    else:
        picture(chosen.stack, chosen.output)


def speed(side: int, repeat: int) -> None:
    """Prints medians of wall and processor seconds, ours and the toolbox's in turn, and their ratios.

    The last ratio compares the filters alone: the toolbox's process less one of its own that only copies the scene.
    """
    if shutil.which(OTB) is None:
        raise SystemExit(f"{OTB} must be installed, got none; apt-get install otb-bin")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        source, made = place / "scene.tif", place / "made.tif"
        power = (0.05 * np.random.default_rng(0).gamma(LOOKS, 1 / LOOKS, (side, side))).astype(np.float32)
        transform = rasterio.transform.from_origin(5e5, 5e6, 10, 10)
        profile = {"driver": "GTiff", "height": side, "width": side, "count": 1, "dtype": "float32"}
        with rasterio.open(source, "w", crs="EPSG:32633", transform=transform, **profile) as dataset:
            dataset.write(power, 1)
        valid = np.isfinite(power)
        print(f"{side} x {side} float32, 7 x 7, {os.cpu_count()} cores, median of {repeat}; wall (processor) seconds")
        columns = ("OTB process", "our process", "ratio", "command line", "OTB copy", "our filter", "ratio")
        print(" " * 7 + "".join(f"{column:>{7 if column == 'ratio' else 16}}" for column in columns))
        for name in ("lee", "frost"):
            plain = [sys.executable, "-c", PLAIN_SCRIPT, source, made, name]
            whole = [sys.executable, "-m", "sar_colorize_cli.main", "despeckle", source, place / "cog.tif"]
            whole += ["--overwrite", "--unit", "power", "--polarization", "VV", "--filter", name, "--size", "7"]
            rows: dict[str, list[tuple[float, float]]] = {key: [] for key in ("otb", "plain", "whole", "copy", "alone")}
            for _ in range(repeat):
                rows["otb"].append(_process(_otb_call(source, made, name, 3)))
                rows["plain"].append(_process(plain))
                rows["whole"].append(_process(whole))
                rows["copy"].append(_process(["otbcli_ExtractROI", "-in", source, "-out", made, "float"]))
                rows["alone"].append(_alone(name, power, valid))
            wall, cpu = ({key: statistics.median(run[i] for run in runs) for key, runs in rows.items()} for i in (0, 1))
            shown = {key: f"{wall[key]:.2f} ({cpu[key]:.2f})" for key in rows}
            print(
                f"{name:7}{shown['otb']:>16}{shown['plain']:>16}{wall['otb'] / wall['plain']:7.1f}"
                f"{shown['whole']:>16}{shown['copy']:>16}{shown['alone']:>16}"
                f"{(wall['otb'] - wall['copy']) / wall['alone']:7.1f}"
            )
    power, valid = power[:1024, :1024], valid[:1024, :1024]
    print("\nseconds for a megapixel, one core, in memory, at each filter's own size")
    for name in FILTER_NAMES:
        chosen, runs = get_filter(name, looks=LOOKS), []
        for _ in range(repeat):
            started = time.perf_counter()
            chosen.apply(power, valid)
            runs.append((time.perf_counter() - started) / power.size * 1e6)
        print(f"{name:14}{chosen.size_px:3} px{statistics.median(runs):7.3f}")


def gain_table(folder: Path, filters: list[str], *, with_otb: bool) -> None:
    """Prints the gain of each filter on each stack, the mean, the worst bias, and seconds for a megapixel."""
    stacks = {path.stem: _power(path) for path in sorted(folder.glob("*.npz"))}
    if not stacks:
        raise SystemExit(f"folder must hold NAME.npz, got none in {folder}; name another")
    print(
        f"{'':20}" + "".join(f"{name.split('_')[1][:6]:>6}" for name in stacks) + f"{'mean':>7}{'bias':>7}{'s/Mpx':>7}"
    )
    shared = [_shared(power) for power in stacks.values()]
    print(f"{'shared by dates':20}" + "".join(f"{value:6.2f}" for value in shared))
    for label in filters:
        name, size, looks = [*label.split(":"), "", ""][:3]
        chosen = get_filter(name, size_px=int(size) if size else None, looks=float(looks) if looks else LOOKS)
        _row(label, stacks, lambda power, chosen=chosen: chosen.apply(power, np.ones(power.shape, bool)))
    if with_otb:
        for name in ("lee", "frost", "gamma-map"):
            for radius in (1, 2, 3):
                _row(f"OTB {name} radius {radius}", stacks, lambda power, n=name, r=radius: _otb(power, n, r))


def picture(stack: Path, output: Path) -> None:
    """A sheet of two rows: a noisy date and the result of each filter, and under each what it removed."""
    from PIL import Image, ImageDraw

    power = _power(stack)
    date, side, edge = 5, 192, 20
    noisy = power[date]
    mean = np.delete(power, date, 0).mean(0)
    made = {"one date": noisy, "mean of the other dates": mean}
    made |= {name: get_filter(name).apply(noisy, np.ones(noisy.shape, bool)) for name in SHOWN}
    low, high = np.percentile(10 * np.log10(mean), (1, 99))
    sheet = Image.new("L", (len(made) * (side + 4) - 4, 2 * (side + edge)), 255)
    draw = ImageDraw.Draw(sheet)
    for column, (label, smooth) in enumerate(made.items()):
        level = (10 * np.log10(smooth) - low) / (high - low)
        ratio = (10 * np.log10(noisy / smooth) + 6) / 12  # grey is no change, 6 dB to black and to white
        for row, image in enumerate((level, ratio)):
            if row and label == "one date":
                continue
            shown = (np.clip(image[:side, :side], 0, 1) * 255).astype(np.uint8)
            at = column * (side + 4), row * (side + edge)
            draw.text((at[0] + 2, at[1] + 4), label if not row else f"one date / {label}", fill=0)
            sheet.paste(Image.fromarray(shown), (at[0], at[1] + edge))
    sheet.save(output)


def _row(label: str, stacks: dict[str, np.ndarray], despeckle: Despeckle) -> None:
    """One line of the table."""
    gains, biases, seconds, pixels = [], [], 0.0, 0
    for power in stacks.values():
        found = []
        for date in DATES:
            if date >= len(power):
                continue
            started = time.perf_counter()
            smooth = despeckle(power[date])
            seconds, pixels = seconds + time.perf_counter() - started, pixels + smooth.size
            reference = np.delete(power, date, 0).mean(0)
            found.append(10 * np.log10(_error(power[date], reference) / _error(smooth, reference)))
            biases.append(10 * np.log10(smooth.mean(dtype=np.float64) / power[date].mean(dtype=np.float64)))
        gains.append(float(np.mean(found)))
    worst = max(biases, key=abs)
    cells = "".join(f"{gain:6.2f}" for gain in gains)
    print(f"{label:20}{cells}{np.mean(gains):7.2f}{worst:7.2f}{seconds / pixels * 1e6:7.2f}", flush=True)


def _shared(power: np.ndarray) -> float:
    """Mean correlation between dates of what a filter removes, in logarithms."""
    smoother = get_filter("kuan", size_px=9, looks=LOOKS)
    dates = [power[date] for date in DATES if date < len(power)]
    removed = [np.log(date / smoother.apply(date, np.ones(date.shape, bool))).ravel() for date in dates]
    return float(np.corrcoef(removed)[np.triu_indices(len(removed), 1)].mean())


def _error(power: np.ndarray, reference: np.ndarray) -> float:
    """Mean squared error in dB**2, mean matched."""
    return float(np.var(10 * np.log10(np.maximum(power, 1e-9) / reference), dtype=np.float64))


def _power(path: Path) -> np.ndarray:
    """(dates, H, W) linear power, float32."""
    with np.load(path) as stack:
        return (10.0 ** (stack["db_x100"].astype(np.float32) / 1000)).astype(np.float32)


def _otb_call(source: Path, output: Path, name: str, radius: int) -> list[str]:
    """The toolbox's command line; its Frost with the damping of ours."""
    theirs = name.replace("-", "")
    knob = ("deramp", 2.0) if name == "frost" else ("nblooks", LOOKS)
    call = [OTB, "-in", source, "-out", output, "float", "-filter", theirs]
    return [str(part) for part in [*call, f"-filter.{theirs}.rad", radius, f"-filter.{theirs}.{knob[0]}", knob[1]]]


def _otb(power: np.ndarray, name: str, radius: int) -> np.ndarray:
    """The toolbox's result for an array."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "a.tif", Path(folder) / "b.tif"
        with rasterio.open(
            source, "w", driver="GTiff", height=power.shape[0], width=power.shape[1], count=1, dtype="float32",
            transform=rasterio.transform.from_origin(0, 0, 1, 1),
        ) as dataset:  # fmt: skip
            dataset.write(power, 1)
        subprocess.run(_otb_call(source, output, name, radius), check=True, capture_output=True)
        with rasterio.open(output) as dataset:
            return dataset.read(1)


def _process(call: list) -> tuple[float, float]:
    """Wall and processor seconds of a whole process."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([str(part) for part in call], check=True, capture_output=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, used


def _alone(name: str, power: np.ndarray, valid: np.ndarray) -> tuple[float, float]:
    """Wall and processor seconds of the filter on an array in memory."""
    used, started = time.process_time(), time.perf_counter()
    get_filter(name, size_px=7, looks=LOOKS).apply(power, valid)
    return time.perf_counter() - started, time.process_time() - used


if __name__ == "__main__":
    main()
